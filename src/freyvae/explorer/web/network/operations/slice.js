/** @import { Operands } from "../../types.js" */

/**
 * A part of each axis, from its start up to its stop.
 *
 * @param {Operands<{ starts: number[], stops: number[] }>} operands
 */
export function slice({ inputs: [input], inputShapes: [given], output, options: { starts, stops } }) {
  const places = new Int32Array(output.length);
  const sizes = stops.map((stop, axis) => stop - starts[axis]);
  for (let at = 0; at < places.length; at++) {
    for (let axis = given.length - 1, rest = at, stride = 1; axis >= 0; axis--) {
      places[at] += (starts[axis] + (rest % sizes[axis])) * stride;
      rest = Math.floor(rest / sizes[axis]);
      stride *= given[axis];
    }
  }
  return () => {
    for (let at = 0; at < output.length; at++) output[at] = input[places[at]];
  };
}
