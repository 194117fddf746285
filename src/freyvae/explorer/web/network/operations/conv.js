import { prepareProduct } from "../product.js";
import { windowTaps } from "../windows.js";

/** @import { Operands, WindowOptions } from "../../types.js" */

/**
 * A convolution as a product of patches; `kernel` is (down, across, in, out).
 *
 * @param {Operands<WindowOptions>} operands
 */
export function conv({ inputs: [input], inputShapes: [given], output, shape, options, weights: { kernel, bias } }) {
  const [down, across, channels, columns] = kernel.shape;
  const taps = windowTaps(given, shape, [down, across], options);
  const depth = down * across * channels;
  const multiply = prepareProduct(depth, columns, (k, column) => kernel.values[k * columns + column], bias?.values);
  const patches = new Float64Array(taps.length * channels);
  return () => {
    for (let tap = 0, at = 0; tap < taps.length; tap++, at += channels) {
      const from = taps[tap] * channels;
      if (from < 0) continue; // stays zero
      for (let channel = 0; channel < channels; channel++) patches[at + channel] = input[from + channel];
    }
    multiply(patches, shape[0] * shape[1], output);
  };
}
