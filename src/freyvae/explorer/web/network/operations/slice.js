import { placesOf, stridesOf } from "../shapes.js";

/** @import { Operands } from "../../types.js" */

/**
 * A part of each axis, from its start up to its stop.
 *
 * @param {Operands<{ starts: number[], stops: number[] }>} operands
 */
export function slice({ inputs: [input], inputShapes: [given], output, options: { starts, stops } }) {
  const strides = stridesOf(given);
  const places = placesOf(
    stops.map((stop, axis) => stop - starts[axis]),
    strides,
    starts.reduce((sum, start, axis) => sum + start * strides[axis], 0),
  );
  return () => {
    for (let at = 0; at < output.length; at++) output[at] = input[places[at]];
  };
}
