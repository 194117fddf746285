import { around } from "../shapes.js";

/** @import { Operands } from "../../types.js" */

/**
 * The softmax along an axis.
 *
 * @param {Operands<{ axis: number }>} operands
 */
export function softmaxAlong({ inputs: [input], inputShapes: [given], output, options: { axis } }) {
  const [blocks, rows, width] = around(given, axis);
  return () => {
    for (let block = 0; block < blocks; block++) {
      for (let column = 0; column < width; column++) {
        const first = block * rows * width + column;
        const end = first + rows * width;
        let highest = -Infinity;
        let total = 0;
        for (let at = first; at < end; at += width) highest = Math.max(highest, input[at]);
        for (let at = first; at < end; at += width) total += output[at] = Math.exp(input[at] - highest);
        for (let at = first; at < end; at += width) output[at] /= total;
      }
    }
  };
}

/**
 * The sum along an axis.
 *
 * @param {Operands<{ axis: number }>} operands
 */
export function sumAlong({ inputs: [input], inputShapes: [given], output, options: { axis } }) {
  const [blocks, rows, width] = around(given, axis);
  return () => {
    for (let block = 0, to = 0; block < blocks; block++) {
      for (let column = 0; column < width; column++, to++) {
        let total = 0;
        for (let row = 0; row < rows; row++) total += input[(block * rows + row) * width + column];
        output[to] = total;
      }
    }
  };
}
