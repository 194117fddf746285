// Runs the steps of a network on typed arrays. The result is that of Keras for one image, up to rounding of float32.

import { ExplorerError } from "../errors.js";
import { OPERATIONS } from "./operations.js";
import { product } from "./shapes.js";
import { makeArena } from "./simd.js";

/** @import { Network, Weight } from "../types.js" */

// operations that put values in other places
const MOVES = ["append_constants", "concatenate", "pad", "permute", "slice"];

/**
 * A function of one input that returns the network's first output. It returns the same array at every call.
 *
 * @param {Network} network
 * @param {Float32Array} weights
 * @returns {(input: ArrayLike<number>) => Float32Array}
 */
export function firstOutput(network, weights) {
  const run = compile(network, weights);
  return (input) => run(input)[0];
}

/**
 * Allocate the buffers of all steps once, and return a function that fills them: input -> outputs. Steps whose values
 * do not depend on the input, such as the scales of a likelihood that are the same for all images, are computed once.
 *
 * @param {Network} network
 * @param {Float32Array} weights all weights of the network, concatenated
 * @returns {(input: ArrayLike<number>) => Float32Array[]}
 */
export function compile(network, weights) {
  const size = product(network.inputShape);
  const shapes = [network.inputShape];
  const tensors = [new Float32Array(size)];
  // 1 for each value that depends on the input
  const varying = [new Float32Array(size).fill(1)];
  /** @type {(() => void)[]} */
  const steps = [];
  const arena = makeArena();
  for (const step of network.steps) {
    const inputs = step.inputs.map((number) => tensors[number]);
    shapes[step.output] = step.shape;
    // a reshape has the same values in the same order
    if (step.op === "reshape") {
      tensors[step.output] = inputs[0];
      varying[step.output] = varying[step.inputs[0]];
      continue;
    }
    const prepare = OPERATIONS[step.op];
    if (!prepare) throw new ExplorerError(`This page cannot compute the step “${step.op}”; export the model as ONNX.`);
    tensors[step.output] = new Float32Array(product(step.shape));
    const operands = {
      inputs,
      inputShapes: step.inputs.map((number) => shapes[number]),
      output: tensors[step.output],
      shape: step.shape,
      options: step.options,
      weights: weightsOf(step.weights, weights),
      arena,
    };
    const run = prepare(operands);
    varying[step.output] = new Float32Array(product(step.shape));
    const marks = step.inputs.map((number) => varying[number]);
    if (MOVES.includes(step.op)) {
      prepare({ ...operands, inputs: marks, output: varying[step.output], weights: zeros(operands.weights) })();
    } else varying[step.output].fill(Number(marks.some((mark) => mark.includes(1))));
    // what does not vary is there once and for all, for the steps after it too
    if (varying[step.output].includes(0)) run();
    if (varying[step.output].includes(1)) steps.push(run);
  }
  const outputs = network.outputs.map((number) => tensors[number]);
  return (input) => {
    if (input.length !== size) throw new ExplorerError(`This network takes ${size} values, not ${input.length}.`);
    tensors[0].set(input);
    for (const step of steps) step();
    return outputs;
  };
}

/**
 * @param {Network["steps"][number]["weights"]} stored
 * @param {Float32Array} all
 * @returns {Record<string, Weight>}
 */
function weightsOf(stored, all) {
  return Object.fromEntries(
    Object.entries(stored).map(([name, { start, shape }]) => [
      name,
      { values: all.subarray(start, start + product(shape)), shape },
    ]),
  );
}

/**
 * Weights of the same shapes that are all 0.
 *
 * @param {Record<string, Weight>} weights
 * @returns {Record<string, Weight>}
 */
const zeros = (weights) =>
  Object.fromEntries(
    Object.entries(weights).map(([name, { values, shape }]) => [name, { values: values.map(() => 0), shape }]),
  );
