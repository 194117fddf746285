import { prepareProduct } from "../product.js";

/** @import { Operands } from "../../types.js" */

/**
 * A dense layer along the last axis; `kernel` is (in, out).
 *
 * @param {Operands} operands
 */
export function dense({ inputs: [input], output, weights: { kernel, bias } }) {
  const [depth, columns] = kernel.shape;
  const multiply = prepareProduct(depth, columns, (k, column) => kernel.values[k * columns + column], bias?.values);
  const left = new Float64Array(input.length);
  return () => {
    left.set(input);
    multiply(left, input.length / depth, output);
  };
}
