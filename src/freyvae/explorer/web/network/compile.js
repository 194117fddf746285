// Runs the steps of a network on typed arrays. The result is that of Keras for one image, up to rounding of float32.

import { ExplorerError } from "../errors.js";
import { OPERATIONS } from "./operations.js";
import { product } from "./shapes.js";

/** @import { Network, Weight } from "../types.js" */

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
 * Allocate the buffers of all steps once, and return a function that fills them: input -> outputs.
 *
 * @param {Network} network
 * @param {Float32Array} weights all weights of the network, concatenated
 * @returns {(input: ArrayLike<number>) => Float32Array[]}
 */
export function compile(network, weights) {
  const size = product(network.inputShape);
  const shapes = [network.inputShape];
  const tensors = [new Float32Array(size)];
  /** @type {(() => void)[]} */
  const steps = [];
  for (const step of network.steps) {
    const inputs = step.inputs.map((number) => tensors[number]);
    shapes[step.output] = step.shape;
    // a reshape has the same values in the same order
    if (step.op === "reshape") {
      tensors[step.output] = inputs[0];
      continue;
    }
    const prepare = OPERATIONS[step.op];
    if (!prepare) throw new ExplorerError(`This page cannot compute the step “${step.op}”; export the model as ONNX.`);
    tensors[step.output] = new Float32Array(product(step.shape));
    steps.push(
      prepare({
        inputs,
        inputShapes: step.inputs.map((number) => shapes[number]),
        output: tensors[step.output],
        shape: step.shape,
        options: step.options,
        weights: weightsOf(step.weights, weights),
      }),
    );
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
