import { ExplorerError } from "../../errors.js";

/** @import { Operands } from "../../types.js" */
/** @typedef {{ name: string, slope?: number, alpha?: number }} Options */

/** @type {(x: number) => number} */
const sigmoid = (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));
/** @type {(x: number) => number} */
const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/**
 * Abramowitz & Stegun 7.1.26: absolute error below 1.5e-7.
 *
 * @param {number} x
 */
function erf(x) {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const tail = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  return Math.sign(x) * (1 - tail * Math.exp(-x * x));
}

/** @type {Record<string, (options: any) => (x: number) => number>} */
const ACTIVATIONS = {
  relu: () => (x) => (x > 0 ? x : 0),
  relu6: () => (x) => Math.min(Math.max(x, 0), 6),
  leaky_relu:
    ({ slope }) =>
    (x) =>
      x > 0 ? x : slope * x,
  elu:
    ({ alpha }) =>
    (x) =>
      x > 0 ? x : alpha * Math.expm1(x),
  selu: () => (x) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x)),
  gelu: () => (x) => 0.5 * x * (1 + erf(x * Math.SQRT1_2)),
  gelu_tanh: () => (x) => 0.5 * x * (1 + Math.tanh(0.7978845608028654 * (x + 0.044715 * x * x * x))),
  silu: () => (x) => x * sigmoid(x),
  sigmoid: () => sigmoid,
  hard_sigmoid: () => (x) => Math.min(Math.max(x / 6 + 0.5, 0), 1),
  tanh: () => Math.tanh,
  softplus: () => softplus,
  softsign: () => (x) => x / (1 + Math.abs(x)),
  exponential: () => Math.exp,
  mish: () => (x) => x * Math.tanh(softplus(x)),
  abs: () => Math.abs,
  negative: () => (x) => -x,
  log: () => Math.log,
  sqrt: () => Math.sqrt,
  square: () => (x) => x * x,
};

/**
 * A function of each value.
 *
 * @param {Operands<Options>} operands
 */
export function activation({ inputs: [input], output, options }) {
  const make = ACTIVATIONS[options.name];
  if (!make) throw new ExplorerError(`This page does not know the activation “${options.name}”.`);
  const activate = make(options);
  // by far the most frequent, and several times faster without a call for each value
  if (options.name === "relu") {
    return () => {
      for (let at = 0; at < input.length; at++) output[at] = input[at] > 0 ? input[at] : 0;
    };
  }
  return () => {
    for (let at = 0; at < input.length; at++) output[at] = activate(input[at]);
  };
}
