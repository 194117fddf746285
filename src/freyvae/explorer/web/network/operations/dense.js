import { prepareProduct, rowsOf } from "../product.js";

/** @import { Operands } from "../../types.js" */

/**
 * A dense layer along the last axis; `kernel` is (in, out).
 *
 * @param {Operands} operands
 */
export function dense({ inputs: [input], output, weights: { kernel, bias }, arena }) {
  const [depth, columns] = kernel.shape;
  const factors = {
    depth,
    columns,
    rightAt: (/** @type {number} */ k, /** @type {number} */ column) => kernel.values[k * columns + column],
    bias: bias?.values,
    size: input.length,
    rows: rowsOf(input.length / depth, depth),
  };
  const product = prepareProduct(factors, arena);
  return () => {
    product.left().set(input);
    product.multiply(output);
  };
}
