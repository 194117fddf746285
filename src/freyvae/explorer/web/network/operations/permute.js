// Axes in another order.

import { product } from "../shapes.js";

/** @import { Operands } from "../../types.js" */

/**
 * Axis n of the output is axis `axes[n]` of the input, counted from 1: where each value comes from is found out once.
 *
 * @param {Operands<{ axes: number[] }>} operands
 */
export function permute({ inputs: [input], inputShapes: [given], output, shape, options: { axes } }) {
  const strides = axes.map((axis) => product(given.slice(axis)));
  const places = new Int32Array(output.length);
  for (let at = 0; at < places.length; at++) {
    for (let axis = shape.length - 1, rest = at; axis >= 0; axis--) {
      places[at] += (rest % shape[axis]) * strides[axis];
      rest = Math.floor(rest / shape[axis]);
    }
  }
  return () => {
    for (let at = 0; at < places.length; at++) output[at] = input[places[at]];
  };
}
