/** @import { Operands } from "../../types.js" */

/**
 * Limit each value to two bounds.
 *
 * @param {Operands<{ low: number, high: number }>} operands
 */
export function clip({ inputs: [input], output, options: { low, high } }) {
  return () => {
    for (let at = 0; at < input.length; at++) output[at] = Math.min(Math.max(input[at], low), high);
  };
}
