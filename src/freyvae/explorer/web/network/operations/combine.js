/** @import { Operands } from "../../types.js" */

/**
 * The sum of several tensors of one shape.
 *
 * @param {Operands} operands
 */
export function add({ inputs: [first, ...others], output }) {
  return () => {
    output.set(first);
    for (const other of others) for (let at = 0; at < output.length; at++) output[at] += other[at];
  };
}

/**
 * The product of several tensors of one shape.
 *
 * @param {Operands} operands
 */
export function multiply({ inputs: [first, ...others], output }) {
  return () => {
    output.set(first);
    for (const other of others) for (let at = 0; at < output.length; at++) output[at] *= other[at];
  };
}

/**
 * Concatenate tensors along the last axis.
 *
 * @param {Operands} operands
 */
export function concatenate({ inputs, inputShapes, output }) {
  const widths = inputShapes.map((shape) => shape[shape.length - 1]);
  return () => {
    for (let to = 0, pixel = 0; to < output.length; pixel++) {
      inputs.forEach((input, number) => {
        for (let channel = 0; channel < widths[number]; channel++) {
          output[to++] = input[pixel * widths[number] + channel];
        }
      });
    }
  };
}
