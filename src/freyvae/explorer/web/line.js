// Straight lines through latent space.

/** @import { Code, Line } from "./types.js" */

/**
 * The mean of the codes of some points.
 *
 * @param {Float32Array} codes (point, latent)
 * @param {number} dim
 * @param {number[]} points
 */
export function meanCode(codes, dim, points) {
  const mean = /** @type {number[]} */ (new Array(dim).fill(0));
  for (const point of points) {
    for (let latent = 0; latent < dim; latent++) mean[latent] += codes[point * dim + latent] / points.length;
  }
  return mean;
}

/**
 * The line from one code to another, or null if they are the same.
 *
 * @param {number[]} less
 * @param {number[]} more
 * @returns {Line | null}
 */
export function lineBetween(less, more) {
  const apart = more.map((value, latent) => value - less[latent]);
  const length = Math.hypot(...apart);
  if (!(length > 1e-9)) return null;
  return {
    middle: more.map((value, latent) => (value + less[latent]) / 2),
    along: apart.map((value) => value / length),
    half: length / 2,
  };
}

/**
 * The position of a code along a line, in units of the latents from its midpoint.
 *
 * @param {Line} line
 * @param {Code} code
 */
export const alongLine = ({ middle, along }, code) =>
  along.reduce((sum, by, latent) => sum + by * (code[latent] - middle[latent]), 0);

/**
 * The code at a position on a line, in units of the latents from its midpoint.
 *
 * @param {Line} line
 * @param {number} by
 */
export const placeOnLine = ({ middle, along }, by) => middle.map((value, latent) => value + by * along[latent]);

/**
 * The code at a share of the way from one code to another.
 *
 * @param {Code} from
 * @param {Code} to
 * @param {number} share
 */
export const between = (from, to, share) => Array.from(from, (value, latent) => value + share * (to[latent] - value));
