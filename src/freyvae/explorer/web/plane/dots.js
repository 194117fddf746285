// Draws the codes as points, up to a hundred thousand.

import { colourOf, contextOf } from "../canvas.js";
import { clamp } from "../clamp.js";

/** @import { Points } from "../points.js" */
/** @import { Geometry } from "./geometry.js" */

const TIME_STOPS = [
  [59, 76, 192],
  [38, 152, 148],
  [229, 176, 68],
  [209, 73, 91],
];
export const TIME_STEPS = 64;
// more points than this are drawn as squares, which is quicker
const MOST_DISCS = 20000;

/**
 * @param {HTMLCanvasElement} canvas
 * @param {object} options
 * @param {number} options.count number of points
 * @param {Points} options.points
 * @param {Geometry} options.geometry
 * @param {number} options.ratio device pixels per CSS pixel
 * @param {string} options.colour "part", "label", "group", "score", "time" or "none"
 */
export function drawDots(canvas, { count, points, geometry, ratio, colour }) {
  const { placed, width } = geometry;
  const board = /** @type {HTMLElement} */ (canvas.parentElement);
  const context = contextOf(canvas);
  // images are drawn where the points are: the points must not hide them
  const size = geometry.isSlice ? 1 : 0.6;
  const radius = size * (count > MOST_DISCS ? 0.8 : count > 4000 ? 1.5 : 2.3) * clamp(width / 520, 0.7, 1);
  const training = `rgb(${colourOf(board, "--training")})`;
  const heldOut = `rgb(${colourOf(board, "--held-out")})`;
  const halo = `rgb(${colourOf(board, "--paper")})`;
  /** @type {Map<string, number[]>} */
  const sets = new Map();
  for (let point = 0; point < count; point++) {
    if (!points.isShown(point)) continue;
    let fill = training;
    if (colour === "time") fill = timeColour(point / Math.max(count - 1, 1));
    else if (colour === "score") fill = timeColour(points.scoreOf(point));
    else if (colour === "label" || colour === "group") fill = points.colourOf(colour, point) ?? training;
    else if (colour === "part" && points.isHeldOut(point)) fill = heldOut;
    const set = sets.get(fill);
    if (set) set.push(point);
    else sets.set(fill, [point]);
  }
  // held-out points are few, so they are drawn last, on top
  const inOrder = [...sets].sort((a, b) => Number(a[0] === heldOut) - Number(b[0] === heldOut));
  for (const [fill, members] of inOrder) {
    if (count > MOST_DISCS) {
      context.fillStyle = fill;
      for (const point of members) {
        context.fillRect(placed[2 * point] - radius, placed[2 * point + 1] - radius, 2 * radius, 2 * radius);
      }
      continue;
    }
    const stamp = dotStamp(fill, halo, radius, ratio);
    const half = stamp.width / ratio / 2;
    for (const point of members) {
      context.drawImage(stamp, placed[2 * point] - half, placed[2 * point + 1] - half, 2 * half, 2 * half);
    }
  }
}

/**
 * A disc with a halo, drawn once and then stamped.
 *
 * @param {string} fill
 * @param {string} halo
 * @param {number} radius
 * @param {number} ratio
 */
function dotStamp(fill, halo, radius, ratio) {
  const size = Math.ceil((2 * radius + 2) * ratio);
  const stamp = document.createElement("canvas");
  stamp.width = stamp.height = size;
  const context = contextOf(stamp);
  /** @type {(r: number, style: string, alpha: number) => void} */
  const disc = (r, style, alpha) => {
    context.globalAlpha = alpha;
    context.fillStyle = style;
    context.beginPath();
    context.arc(size / 2, size / 2, r * ratio, 0, 7);
    context.fill();
  };
  disc(radius + 0.8, halo, 0.55);
  disc(radius, fill, 0.95);
  return stamp;
}

/**
 * The colour of a place in the order of the images. There are few colours, since points are drawn colour by colour.
 *
 * @param {number} share 0 to 1
 */
export function timeColour(share) {
  return `rgb(${timeColourAt(Math.min(Math.floor(share * TIME_STEPS), TIME_STEPS - 1))})`;
}

/** @param {number} step from 0 to below `TIME_STEPS` */
export function timeColourAt(step) {
  const along = (step / (TIME_STEPS - 1)) * (TIME_STOPS.length - 1);
  const low = Math.min(Math.floor(along), TIME_STOPS.length - 2);
  return TIME_STOPS[low].map((value, channel) =>
    Math.round(value + (TIME_STOPS[low + 1][channel] - value) * (along - low)),
  );
}
