// Axes in another order.

import { placesOf, stridesOf } from "../shapes.js";

/** @import { Operands } from "../../types.js" */

/**
 * Axis n of the output is axis `axes[n]` of the input, counted from 1: where each value comes from is found out once.
 *
 * @param {Operands<{ axes: number[] }>} operands
 */
export function permute({ inputs: [input], inputShapes: [given], output, shape, options: { axes } }) {
  const strides = stridesOf(given);
  const places = placesOf(
    shape,
    axes.map((axis) => strides[axis - 1]),
  );
  return () => {
    for (let at = 0; at < places.length; at++) output[at] = input[places[at]];
  };
}
