import { windowTaps } from "../windows.js";

/** @import { Operands, WindowOptions } from "../../types.js" */
/** @typedef {"max" | "average"} Kind */

/**
 * The greatest or the mean value of each window, over the pixels within the image.
 *
 * @param {Operands<WindowOptions & { size: [number, number], kind: Kind }>} operands
 */
export function pool({ inputs: [input], inputShapes: [given], output, shape, options }) {
  const taps = windowTaps(given, shape, options.size, options);
  const perWindow = options.size[0] * options.size[1];
  return () => {
    for (let pixel = 0; pixel * perWindow < taps.length; pixel++) {
      const window = taps.subarray(pixel * perWindow, (pixel + 1) * perWindow).filter((tap) => tap >= 0);
      reduceInto(output, pixel * shape[2], shape[2], input, window, options.kind);
    }
  };
}

/**
 * The greatest or the mean value of the whole image.
 *
 * @param {Operands<{ kind: Kind }>} operands
 */
export function globalPool({ inputs: [input], inputShapes: [given], output, options: { kind } }) {
  const taps = Int32Array.from({ length: given[0] * given[1] }, (_, tap) => tap);
  return () => reduceInto(output, 0, given[2], input, taps, kind);
}

/**
 * @param {Float32Array} output
 * @param {number} to
 * @param {number} channels
 * @param {Float32Array} input
 * @param {Int32Array} taps
 * @param {Kind} kind
 */
function reduceInto(output, to, channels, input, taps, kind) {
  for (let channel = 0; channel < channels; channel++) {
    let value = kind === "max" ? -Infinity : 0;
    for (const tap of taps) {
      const x = input[tap * channels + channel];
      value = kind === "max" ? Math.max(value, x) : value + x;
    }
    output[to + channel] = kind === "max" ? value : value / taps.length;
  }
}
