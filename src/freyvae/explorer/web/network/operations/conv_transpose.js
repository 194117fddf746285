import { prepareProduct, rowsOf } from "../product.js";

/** @import { Operands } from "../../types.js" */

/**
 * A transposed convolution: every input pixel adds its value times the kernel to a window of the output.
 * `kernel` is (down, across, out, in).
 *
 * @param {Operands<{ strides: [number, number], crop: [number, number] }>} operands
 */
export function convTranspose({
  inputs: [input],
  inputShapes: [given],
  output,
  shape: [outHeight, outWidth],
  options: { strides, crop },
  weights: { kernel, bias },
  arena,
}) {
  const [down, across, columns, channels] = kernel.shape;
  const spread = down * across * columns;
  const factors = {
    depth: channels,
    columns: spread,
    rightAt: (/** @type {number} */ k, /** @type {number} */ column) => kernel.values[column * channels + k],
    size: input.length,
    rows: rowsOf(given[0] * given[1], channels),
  };
  const product = prepareProduct(factors, arena);
  const windows = new Float32Array(given[0] * given[1] * spread);
  return () => {
    product.left().set(input);
    product.multiply(windows);
    for (let at = 0; at < output.length; at++) output[at] = bias ? bias.values[at % columns] : 0;
    let from = 0;
    for (let row = 0; row < given[0]; row++) {
      for (let column = 0; column < given[1]; column++) {
        for (let dy = 0; dy < down; dy++) {
          const y = row * strides[0] + dy - crop[0];
          for (let dx = 0; dx < across; dx++, from += columns) {
            const x = column * strides[1] + dx - crop[1];
            if (y < 0 || y >= outHeight || x < 0 || x >= outWidth) continue;
            const to = (y * outWidth + x) * columns;
            for (let channel = 0; channel < columns; channel++) output[to + channel] += windows[from + channel];
          }
        }
      }
    }
  };
}
