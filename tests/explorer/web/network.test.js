import assert from "node:assert/strict";
import { test } from "node:test";

import { ExplorerError } from "#web/errors.js";
import { compile, firstOutput } from "#web/network/compile.js";
import { prepareProduct } from "#web/network/product.js";
import { makeArena } from "#web/network/simd.js";
import { assertClose, numbers } from "./close.js";

const product = (shape) => shape.reduce((total, size) => total * size, 1);

/** One step's output. Tensors and weights are given as `{ shape, values }`; all tensors are parts of one flat input. */
function compute(op, tensors, shape, options = {}, weights = {}) {
  const packed = [];
  const stored = {};
  for (const [name, weight] of Object.entries(weights)) {
    stored[name] = { start: packed.length, shape: weight.shape };
    packed.push(...weight.values);
  }
  const starts = tensors.map((_, index) => tensors.slice(0, index).reduce((sum, one) => sum + product(one.shape), 0));
  const slices = tensors.map((tensor, index) => ({
    op: "slice",
    inputs: [0],
    output: index + 1,
    shape: tensor.shape,
    options: { starts: [starts[index]], stops: [starts[index] + product(tensor.shape)] },
    weights: {},
  }));
  const step = {
    op,
    inputs: tensors.map((_, index) => index + 1),
    output: tensors.length + 1,
    shape,
    options,
    weights: stored,
  };
  const flat = tensors.flatMap((tensor) => Array.from(tensor.values));
  const network = { inputShape: [flat.length], outputs: [step.output], steps: [...slices, step] };
  return Array.from(firstOutput(network, Float32Array.from(packed))(flat));
}

const tensor = (shape, values = numbers(product(shape))) => ({ shape, values });

/** A convolution by its definition, in doubles. */
function convolve(image, kernel, shape, { strides, pads, dilation = [1, 1] }) {
  const [height, width, channels] = image.shape;
  const [down, across, , columns] = kernel.shape;
  const output = new Float64Array(product(shape));
  for (let row = 0; row < shape[0]; row++) {
    for (let column = 0; column < shape[1]; column++) {
      for (let i = 0; i < down; i++) {
        for (let j = 0; j < across; j++) {
          const y = row * strides[0] + i * dilation[0] - pads[0][0];
          const x = column * strides[1] + j * dilation[1] - pads[1][0];
          if (y < 0 || y >= height || x < 0 || x >= width) continue;
          for (let from = 0; from < channels; from++) {
            for (let to = 0; to < columns; to++) {
              output[(row * shape[1] + column) * columns + to] +=
                image.values[(y * width + x) * channels + from] *
                kernel.values[((i * across + j) * channels + from) * columns + to];
            }
          }
        }
      }
    }
  }
  return output;
}

const dot = (a, b) => a.reduce((sum, value, at) => sum + value * b[at], 0);

test("a dense layer is a product and a bias, for every number of columns", () => {
  const kernel = { shape: [2, 3], values: [1, 2, 3, 4, 5, 6] };
  const bias = { shape: [3], values: [0.5, 0, -1] };
  assertClose(compute("dense", [tensor([2], [10, 1])], [3], {}, { kernel, bias }), [14.5, 25, 35]);
  // along the last axis of two rows, without a bias
  assertClose(compute("dense", [tensor([2, 2], [1, 0, 0, 1])], [2, 3], {}, { kernel }), [1, 2, 3, 4, 5, 6]);
  for (const columns of [1, 2, 3, 4, 5, 8, 9]) {
    const values = numbers(7 * columns);
    const input = numbers(3 * 7, 2);
    const expected = Array.from({ length: 3 * columns }, (_, at) => {
      const row = Math.floor(at / columns);
      return Array.from({ length: 7 }, (_, k) => input[row * 7 + k] * values[k * columns + (at % columns)]).reduce(
        (a, b) => a + b,
      );
    });
    const weights = { kernel: { shape: [7, columns], values } };
    assertClose(compute("dense", [tensor([3, 7], input)], [3, columns], {}, weights), expected);
  }
});

test("convolutions with strides, padding and dilation", () => {
  const image = tensor([5, 4, 2]);
  for (const [size, shape, options] of [
    [
      [3, 3],
      [5, 4, 3],
      {
        strides: [1, 1],
        pads: [
          [1, 1],
          [1, 1],
        ],
      },
    ],
    [
      [3, 2],
      [2, 3, 3],
      {
        strides: [2, 1],
        pads: [
          [0, 0],
          [0, 0],
        ],
      },
    ],
    [
      [2, 2],
      [3, 2, 3],
      {
        strides: [2, 2],
        pads: [
          [0, 1],
          [0, 0],
        ],
      },
    ],
    [
      [3, 3],
      [5, 4, 3],
      {
        strides: [1, 1],
        pads: [
          [2, 2],
          [2, 2],
        ],
        dilation: [2, 2],
      },
    ],
  ]) {
    const kernel = tensor([...size, 2, 3], numbers(product(size) * 6, 3));
    const bias = tensor([3], [1, -2, 0]);
    const expected = convolve(image, kernel, shape, options).map((value, at) => value + bias.values[at % 3]);
    assertClose(compute("conv", [image], shape, options, { kernel, bias }), expected, 2e-6);
  }
});

test("a transposed convolution is the transpose of a convolution", () => {
  const small = tensor([3, 2, 2], numbers(12, 4));
  for (const [size, shape, strides, crop] of [
    [
      [3, 3],
      [6, 4, 3],
      [2, 2],
      [0, 0],
    ],
    [
      [4, 4],
      [6, 4, 3],
      [2, 2],
      [1, 1],
    ],
    [
      [2, 3],
      [4, 8, 3],
      [1, 3],
      [0, 0],
    ],
  ]) {
    const kernel = tensor([...size, 3, 2], numbers(product(size) * 6, 5));
    const large = tensor(shape, numbers(product(shape), 6));
    const up = compute("conv_transpose", [small], shape, { strides, crop }, { kernel });
    const down = convolve(large, kernel, small.shape, {
      strides,
      pads: [
        [crop[0], 0],
        [crop[1], 0],
      ],
    });
    assertClose([dot(up, large.values)], [dot(Array.from(down), small.values)], 1e-5);
  }
  const kernel = { shape: [1, 1, 2, 1], values: [3, 5] };
  const bias = { shape: [2], values: [1, 0] };
  const options = { strides: [2, 2], crop: [0, 0] };
  // between the input's pixels there is the bias
  const expected = [7, 10, 1, 0, 13, 20, 1, 0, 1, 0, 1, 0];
  assertClose(compute("conv_transpose", [tensor([1, 2, 1], [2, 4])], [2, 3, 2], options, { kernel, bias }), expected);
});

test("images are made larger by the nearest pixel or between them", () => {
  const image = tensor([1, 2, 1], [0, 4]);
  const size = [1, 2];
  assertClose(compute("upsample", [image], [1, 4, 1], { size, interpolation: "nearest" }), [0, 0, 4, 4]);
  assertClose(compute("upsample", [image], [1, 4, 1], { size, interpolation: "bilinear" }), [0, 1, 3, 4]);
});

test("pools leave out what lies outside of the image", () => {
  const image = tensor([2, 3, 1], [1, -2, 3, -4, 5, -6]);
  const options = {
    size: [2, 2],
    strides: [2, 2],
    pads: [
      [0, 0],
      [0, 1],
    ],
  };
  assertClose(compute("pool", [image], [1, 2, 1], { ...options, kind: "max" }), [5, 3]);
  assertClose(compute("pool", [image], [1, 2, 1], { ...options, kind: "average" }), [0, -1.5]);
  const colours = tensor([1, 2, 2], [1, 10, 3, -10]);
  assertClose(compute("global_pool", [colours], [2], { kind: "max" }), [3, 10]);
  assertClose(compute("global_pool", [colours], [2], { kind: "average" }), [2, 0]);
});

test("padding, slices and constants put values in their places", () => {
  const image = tensor([1, 2, 1], [7, 8]);
  assertClose(
    compute("pad", [image], [2, 4, 1], {
      pads: [
        [1, 0],
        [1, 1],
      ],
    }),
    [0, 0, 0, 0, 0, 7, 8, 0],
  );
  const cube = tensor(
    [2, 3, 2],
    Float32Array.from({ length: 12 }, (_, at) => at),
  );
  assertClose(compute("slice", [cube], [2, 2, 1], { starts: [0, 1, 1], stops: [2, 3, 2] }), [3, 5, 9, 11]);
  const constants = { shape: [1, 2, 2], values: [1, 2, 3, 4] };
  assertClose(compute("append_constants", [image], [1, 2, 3], {}, { constants }), [7, 1, 2, 8, 3, 4]);
});

test("scales and offsets, and normalisation along the last axis", () => {
  const scale = { shape: [2], values: [2, -1] };
  const offset = { shape: [2], values: [0.5, 0] };
  assertClose(compute("affine", [tensor([2, 2], [1, 2, 3, 4])], [2, 2], {}, { scale, offset }), [2.5, -2, 6.5, -4]);
  const normalised = compute("layer_norm", [tensor([2, 2], [1, 3, -5, 5])], [2, 2], { epsilon: 0 }, { scale, offset });
  assertClose(normalised, [-1.5, -1, -1.5, -1]);
});

test("activations at places where they are known", () => {
  const at = [-2, 0, 2];
  const sigmoid = 1 / (1 + Math.exp(-2));
  const expected = {
    relu: [0, 0, 2],
    relu6: [0, 0, 2],
    leaky_relu: [-0.2, 0, 2],
    elu: [Math.expm1(-2), 0, 2],
    selu: [1.7580993408473766 * Math.expm1(-2), 0, 2.101401974711768],
    gelu: [-0.0455002638, 0, 1.9544997362],
    gelu_tanh: [-0.0454023059, 0, 1.9545976941],
    silu: [-2 * (1 - sigmoid), 0, 2 * sigmoid],
    sigmoid: [1 - sigmoid, 0.5, sigmoid],
    hard_sigmoid: [1 / 6, 0.5, 5 / 6],
    tanh: [-Math.tanh(2), 0, Math.tanh(2)],
    softplus: [Math.log1p(Math.exp(-2)), Math.LN2, Math.log1p(Math.exp(2))],
    softsign: [-2 / 3, 0, 2 / 3],
    exponential: [Math.exp(-2), 1, Math.exp(2)],
    mish: [-0.2525014826, 0, 1.9439589595],
    abs: [2, 0, 2],
    negative: [2, 0, -2],
    square: [4, 0, 4],
  };
  for (const [name, values] of Object.entries(expected)) {
    assertClose(compute("activation", [tensor([3], at)], [3], { name, slope: 0.1, alpha: 1 }), values, 1e-6);
  }
  assertClose(compute("activation", [tensor([2], [1, Math.E])], [2], { name: "log" }), [0, 1]);
  assertClose(compute("activation", [tensor([2], [0, 9])], [2], { name: "sqrt" }), [0, 3]);
  // far out, where a naive formula overflows
  assertClose(compute("activation", [tensor([2], [-200, 200])], [2], { name: "sigmoid" }), [0, 1]);
  assertClose(compute("activation", [tensor([2], [-200, 200])], [2], { name: "softplus" }), [0, 200]);
});

test("functions of two tensors are broadcast", () => {
  const pair = [tensor([2, 1], [1, 2]), tensor([3], [10, 20, 30])];
  const binary = (name, tensors, shape, options, weights) =>
    compute("binary", tensors, shape, { name, ...options }, weights);
  assertClose(binary("add", pair, [2, 3]), [11, 21, 31, 12, 22, 32]);
  assertClose(binary("subtract", pair, [2, 3]), [-9, -19, -29, -8, -18, -28]);
  assertClose(binary("multiply", pair, [2, 3]), [10, 20, 30, 20, 40, 60]);
  assertClose(binary("divide", pair.slice().reverse(), [2, 3]), [10, 20, 30, 5, 10, 15]);
  const constant = { shape: [1], values: [6] };
  const [column] = pair;
  assertClose(binary("divide", [column], [2, 1], { constantFirst: true }, { constant }), [6, 3]);
  assertClose(binary("divide", [column], [2, 1], { constantFirst: false }, { constant }), [1 / 6, 1 / 3]);
  assertClose(binary("maximum", [column], [2, 1], {}, { constant: { shape: [1], values: [1.5] } }), [1.5, 2]);
  assertClose(binary("minimum", [column], [2, 1], {}, { constant: { shape: [1], values: [1.5] } }), [1, 1.5]);
  assertClose(compute("clip", [tensor([3], [-1, 0.5, 9])], [3], { low: 0, high: 1 }), [0, 0.5, 1]);
});

test("softmax and sum along an axis", () => {
  const matrix = tensor([2, 3], [0, 1, 1000, 0, 1 + Math.LN2, 1000]);
  assertClose(compute("softmax_along", [matrix], [2, 3], { axis: 0 }), [0.5, 1 / 3, 0.5, 0.5, 2 / 3, 0.5], 1e-6);
  assertClose(compute("sum_along", [tensor([2, 3], [1, 2, 3, 4, 5, 6])], [3], { axis: 0 }), [5, 7, 9]);
  assertClose(compute("sum_along", [tensor([2, 3], [1, 2, 3, 4, 5, 6])], [2], { axis: 1 }), [6, 15]);
});

test("several tensors are added, multiplied and put side by side", () => {
  const three = [tensor([2], [1, 2]), tensor([2], [3, 4]), tensor([2], [5, 6])];
  assertClose(compute("add", three, [2]), [9, 12]);
  assertClose(compute("multiply", three, [2]), [15, 48]);
  const images = [tensor([1, 2, 1], [1, 2]), tensor([1, 2, 2], [3, 4, 5, 6])];
  assertClose(compute("concatenate", images, [1, 2, 3]), [1, 3, 4, 2, 5, 6]);
});

test("steps run one after the other, and a reshape moves nothing", () => {
  const step = (op, inputs, output, shape, options) => ({ op, inputs, output, shape, options, weights: {} });
  const network = {
    inputShape: [4],
    outputs: [2, 1],
    steps: [step("reshape", [0], 1, [2, 2], {}), step("sum_along", [1], 2, [2], { axis: 0 })],
  };
  const run = compile(network, new Float32Array(0));
  assert.deepEqual(
    run([1, 2, 3, 4]).map((values) => [...values]),
    [
      [4, 6],
      [1, 2, 3, 4],
    ],
  );
  assert.deepEqual([...run([0, 0, 1, 1])[0]], [1, 1]);
  assert.throws(() => run([1, 2]), /takes 4 values, not 2/);
});

test("what the page does not know is named", () => {
  assert.throws(() => compute("attention", [tensor([1])], [1]), ExplorerError);
  assert.throws(() => compute("attention", [tensor([1])], [1]), /“attention”/);
  assert.throws(() => compute("activation", [tensor([1])], [1], { name: "snake" }), /“snake”/);
  assert.throws(() => compute("binary", [tensor([1]), tensor([1])], [1], { name: "power" }), /“power”/);
});

test("a product is the same in WebAssembly and in JavaScript, for rows and columns of any number", () => {
  for (const [rows, columns, depth, parts] of [
    [1, 1, 3, [0]],
    [5, 8, 4, [0]],
    [7, 13, 6, [0, 20]],
    [8, 3, 12, [0, 9, 31]],
  ]) {
    const left = numbers(200);
    const right = numbers(depth * columns, 2);
    const bias = Float32Array.from(numbers(columns, 3));
    const factors = {
      depth,
      columns,
      rightAt: (k, column) => right[k * columns + column],
      bias,
      size: left.length,
      rows: Array.from({ length: rows }, (_, row) => 3 * row),
      parts,
    };
    const expected = Array.from({ length: rows * columns }, (_, at) => {
      const [row, column] = [Math.floor(at / columns), at % columns];
      const length = depth / parts.length;
      const values = parts.flatMap((part) => Array.from({ length }, (_, k) => left[3 * row + part + k]));
      return (
        dot(
          values,
          values.map((_, k) => right[k * columns + column]),
        ) + bias[column]
      );
    });
    const arena = makeArena();
    assert.ok(arena);
    for (const product of [prepareProduct(factors, arena), prepareProduct(factors, null)]) {
      const output = new Float32Array(rows * columns);
      product.left().set(left);
      product.multiply(output);
      assertClose(output, expected, 1e-5);
    }
  }
});

test("what does not depend on the input is computed once, and what does every time", () => {
  const steps = [
    { op: "append_constants", shape: [2, 3], weights: { constants: { start: 0, shape: [2, 2] } } },
    { op: "slice", shape: [2, 2], options: { starts: [0, 1], stops: [2, 3] } },
    { op: "activation", shape: [2, 2], options: { name: "exponential" } },
    { op: "slice", inputs: [1], shape: [2, 1], options: { starts: [0, 0], stops: [2, 1] } },
    { op: "concatenate", inputs: [4, 3], shape: [2, 3] },
  ].map((step, index) => ({ inputs: [index], output: index + 1, options: {}, weights: {}, ...step }));
  // of what is constant in a step that varies, too
  const again = { op: "slice", inputs: [5], output: 6, shape: [2, 2], options: { starts: [0, 1], stops: [2, 3] } };
  const network = { inputShape: [2, 1], outputs: [5, 6], steps: [...steps, { weights: {}, ...again }] };
  const run = compile(network, Float32Array.of(0, 1, 2, 3));
  for (const input of [
    [7, 8],
    [-1, 5],
  ]) {
    const [all, constant] = run(input);
    assertClose(all, [input[0], 1, Math.E, input[1], Math.exp(2), Math.exp(3)], 1e-5);
    assertClose(constant, [1, Math.E, Math.exp(2), Math.exp(3)], 1e-5);
  }
});
