import { ExplorerError } from "../../errors.js";
import { broadcast } from "../shapes.js";

/** @import { Operands } from "../../types.js" */

/** @type {Record<string, (a: number, b: number) => number>} */
const OF_TWO = {
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b,
  divide: (a, b) => a / b,
  maximum: Math.max,
  minimum: Math.min,
};

/**
 * A function of two tensors, or of one and a constant, broadcast to one shape.
 *
 * @param {Operands<{ name: string, constantFirst?: boolean }>} operands
 */
export function binary({
  inputs,
  inputShapes,
  output,
  shape,
  options: { name, constantFirst },
  weights: { constant },
}) {
  const apply = OF_TWO[name];
  if (!apply) throw new ExplorerError(`This page does not know the operation “${name}”.`);
  const sides = inputs.map((values, number) => ({ values, places: broadcast(inputShapes[number], shape) }));
  if (constant) {
    const side = { values: constant.values, places: broadcast(constant.shape, shape) };
    sides.splice(constantFirst ? 0 : 1, 0, side);
  }
  const [left, right] = sides;
  return () => {
    for (let at = 0; at < output.length; at++) {
      output[at] = apply(left.values[left.places[at]], right.values[right.places[at]]);
    }
  };
}
