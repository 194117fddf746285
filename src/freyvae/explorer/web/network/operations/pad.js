/** @import { Operands } from "../../types.js" */

/**
 * Zeros around an image.
 *
 * @param {Operands<{ pads: [[number, number], [number, number]] }>} operands
 */
export function pad({ inputs: [input], inputShapes: [given], output, shape, options: { pads } }) {
  const length = given[1] * given[2];
  return () => {
    for (let row = 0; row < given[0]; row++) {
      const to = ((row + pads[0][0]) * shape[1] + pads[1][0]) * shape[2];
      output.set(input.subarray(row * length, (row + 1) * length), to);
    }
  };
}
