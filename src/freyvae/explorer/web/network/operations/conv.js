import { prepareProduct } from "../product.js";

/** @import { Operands, WindowOptions } from "../../types.js" */

/**
 * A convolution as a product of patches, which are parts of rows of the padded image; `kernel` is (down, across, in, out).
 *
 * @param {Operands<WindowOptions>} operands
 */
export function conv({
  inputs: [input],
  inputShapes: [given],
  output,
  shape,
  options,
  weights: { kernel, bias },
  arena,
}) {
  const [height, width] = given;
  const [down, across, channels, columns] = kernel.shape;
  const { strides, pads, dilation = [1, 1] } = options;
  const wide = (width + pads[1][0] + pads[1][1]) * channels;
  const rows = [];
  for (let y = 0; y < shape[0]; y++) {
    for (let x = 0; x < shape[1]; x++) rows.push(y * strides[0] * wide + x * strides[1] * channels);
  }
  // neighbours in a row of the image are one part, unless the kernel leaves some out
  const parts = [];
  for (let y = 0; y < down; y++) {
    for (let x = 0; x < (dilation[1] === 1 ? 1 : across); x++) {
      parts.push(y * dilation[0] * wide + x * dilation[1] * channels);
    }
  }
  const factors = {
    depth: down * across * channels,
    columns,
    rightAt: (/** @type {number} */ k, /** @type {number} */ column) => kernel.values[k * columns + column],
    bias: bias?.values,
    size: (height + pads[0][0] + pads[0][1]) * wide,
    rows,
    parts,
  };
  const product = prepareProduct(factors, arena);
  const length = width * channels;
  return () => {
    const padded = product.left();
    for (let y = 0; y < height; y++) {
      const to = (y + pads[0][0]) * wide + pads[1][0] * channels;
      for (let at = 0, from = y * length; at < length; at++) padded[to + at] = input[from + at];
    }
    product.multiply(output);
  };
}
