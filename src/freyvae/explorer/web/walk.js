// A smooth walk through the prior: a spline through codes drawn from it (Catmull & Rom 1974).

/** @import { Code } from "./types.js" */

/** A standard normal number (Box & Muller 1958). */
export const normal = (random = Math.random) =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/**
 * A walk that begins at `start`. Its stops are drawn by `draw`. `at(seconds)` is its position at that time; `seconds`
 * must not decrease from call to call.
 *
 * @param {Code} start
 * @param {{ draw: () => number[], secondsPerStop?: number }} options
 */
export function makeWalk(start, { draw, secondsPerStop = 1.6 }) {
  const stops = [Array.from(start), Array.from(start), draw(), draw()];
  let passed = 0;
  return {
    secondsPerStop,
    /**
     * @param {number} seconds
     * @returns {number[]}
     */
    at(seconds) {
      while (seconds / secondsPerStop >= passed + 1) {
        stops.shift();
        stops.push(draw());
        passed++;
      }
      const t = seconds / secondsPerStop - passed;
      const [a, b, c, d] = stops;
      return b.map(
        (_, latent) =>
          0.5 *
          (2 * b[latent] +
            (c[latent] - a[latent]) * t +
            (2 * a[latent] - 5 * b[latent] + 4 * c[latent] - d[latent]) * t * t +
            (3 * b[latent] - a[latent] - 3 * c[latent] + d[latent]) * t * t * t),
      );
    },
  };
}
