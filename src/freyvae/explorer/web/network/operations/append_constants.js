/** @import { Operands } from "../../types.js" */

/**
 * Append constant channels to the input; `constants` are (…, further channels).
 *
 * @param {Operands} operands
 */
export function appendConstants({ inputs: [input], inputShapes: [given], output, shape, weights }) {
  const constants = weights.constants.values;
  const channels = given[given.length - 1];
  const wide = shape[shape.length - 1];
  const more = wide - channels;
  for (let pixel = 0; pixel * more < constants.length; pixel++) {
    output.set(constants.subarray(pixel * more, (pixel + 1) * more), pixel * wide + channels);
  }
  return () => {
    for (let from = 0, to = 0; from < input.length; to += more) {
      for (let channel = 0; channel < channels; channel++) output[to++] = input[from++];
    }
  };
}
