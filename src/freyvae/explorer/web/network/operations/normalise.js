/** @import { Operands } from "../../types.js" */

/**
 * A scale and an offset for each channel: rescaling, and batch normalisation once it is trained.
 *
 * @param {Operands} operands
 */
export function affine({ inputs: [input], output, weights }) {
  const scale = weights.scale.values;
  const offset = weights.offset.values;
  return () => {
    for (let at = 0, channel = 0; at < input.length; at++) {
      output[at] = input[at] * scale[channel] + offset[channel];
      if (++channel === scale.length) channel = 0;
    }
  };
}

/**
 * Layer normalisation along the last axis.
 *
 * @param {Operands<{ epsilon: number }>} operands
 */
export function layerNorm({ inputs: [input], output, options: { epsilon }, weights }) {
  const scale = weights.scale.values;
  const offset = weights.offset.values;
  const width = scale.length;
  return () => {
    for (let start = 0; start < input.length; start += width) {
      let mean = 0;
      let square = 0;
      for (let at = 0; at < width; at++) mean += input[start + at];
      mean /= width;
      for (let at = 0; at < width; at++) square += (input[start + at] - mean) ** 2;
      const inverse = 1 / Math.sqrt(square / width + epsilon);
      for (let at = 0; at < width; at++) {
        output[start + at] = (input[start + at] - mean) * inverse * scale[at] + offset[at];
      }
    }
  };
}
