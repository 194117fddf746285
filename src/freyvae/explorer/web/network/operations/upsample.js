/** @import { Operands } from "../../types.js" */

/**
 * Enlarge images by whole factors, with the nearest pixel or bilinearly.
 *
 * @param {Operands<{ size: [number, number], interpolation: "nearest" | "bilinear" }>} operands
 */
export function upsample({ inputs: [input], inputShapes: [given], output, shape, options: { size, interpolation } }) {
  const channels = shape[2];
  const rows = blends(given[0], shape[0], size[0], interpolation);
  const columns = blends(given[1], shape[1], size[1], interpolation);
  return () => {
    let at = 0;
    for (const [top, bottom, lower] of rows) {
      for (const [left, right, further] of columns) {
        for (let channel = 0; channel < channels; channel++, at++) {
          /** @type {(y: number, x: number) => number} */
          const value = (y, x) => input[(y * given[1] + x) * channels + channel];
          const above = value(top, left) * (1 - further) + value(top, right) * further;
          const below = value(bottom, left) * (1 - further) + value(bottom, right) * further;
          output[at] = above * (1 - lower) + below * lower;
        }
      }
    }
  };
}

/**
 * For each index of an enlarged axis: the two indices to interpolate between, and the weight of the second one.
 * Pixel centres are at half-integers.
 *
 * @param {number} before
 * @param {number} after
 * @param {number} times
 * @param {string} interpolation
 */
function blends(before, after, times, interpolation) {
  return Array.from({ length: after }, (_, place) => {
    if (interpolation === "nearest") return [Math.floor(place / times), 0, 0];
    const source = Math.min(Math.max((place + 0.5) / times - 0.5, 0), before - 1);
    const low = Math.floor(source);
    return [low, Math.min(low + 1, before - 1), source - low];
  });
}
