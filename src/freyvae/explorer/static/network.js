// Runs a network's steps on typed arrays: what Keras computes for one image, to within float32's rounding.
// Tensors are flat, channels last, without a batch axis.

/** An error whose message a person should read. */
export class ExplorerError extends Error {}

/** A function from latents (Float32Array) to expected pixels in [0, 1]; the array it returns is its own, reused. */
export function makeDecoder(network, weights) {
  const run = compile(network, weights);
  return (latents) => run(latents)[0];
}

/** A function from bytes (Uint8Array, one image) to the mean of its code; the array it returns is its own, reused. */
export function makeEncoder(network, weights) {
  const run = compile(network, weights);
  return (bytes) => run(bytes)[0];
}

/** Prepare every step's buffers once; the function returned fills them: input -> outputs. */
export function compile(network, weights) {
  const sizes = [product(network.inputShape)];
  const shapes = [network.inputShape];
  const tensors = [new Float32Array(sizes[0])];
  const steps = [];
  for (const step of network.steps) {
    const prepare = OPS[step.op];
    if (!prepare) throw new ExplorerError(`This page cannot compute the step “${step.op}”; export the model as ONNX.`);
    const inputs = step.inputs.map((number) => tensors[number]);
    const inputShapes = step.inputs.map((number) => shapes[number]);
    const own = {};
    for (const [name, { start, shape }] of Object.entries(step.weights)) {
      own[name] = weights.subarray(start, start + product(shape));
      own[name].shape = shape;
    }
    if (step.op === "reshape") {
      tensors[step.output] = inputs[0];
    } else {
      tensors[step.output] = new Float32Array(product(step.shape));
      steps.push(prepare({ inputs, inputShapes, output: tensors[step.output], shape: step.shape, options: step.options, weights: own }));
    }
    shapes[step.output] = step.shape;
  }
  const outputs = network.outputs.map((number) => tensors[number]);
  return (input) => {
    if (input.length !== sizes[0]) throw new ExplorerError(`This network takes ${sizes[0]} values, not ${input.length}.`);
    tensors[0].set(input);
    for (const step of steps) step();
    return outputs;
  };
}

const product = (sizes) => sizes.reduce((total, size) => total * size, 1);
const sigmoid = (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));
const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

// Abramowitz & Stegun 7.1.26: absolute error below 1.5e-7
function erf(x) {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const tail = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  return Math.sign(x) * (1 - tail * Math.exp(-x * x));
}

const ACTIVATIONS = {
  relu: () => (x) => (x > 0 ? x : 0),
  relu6: () => (x) => Math.min(Math.max(x, 0), 6),
  leaky_relu: ({ slope }) => (x) => (x > 0 ? x : slope * x),
  elu: ({ alpha }) => (x) => (x > 0 ? x : alpha * Math.expm1(x)),
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

const OF_TWO = {
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b,
  divide: (a, b) => a / b,
  maximum: Math.max,
  minimum: Math.min,
};

/** For each place of a tensor of `shape`: the place in one of `given`, whose missing axes and axes of 1 are repeated. */
function broadcast(given, shape) {
  const places = new Int32Array(product(shape));
  const strides = shape.map((_, axis) => {
    const own = axis - (shape.length - given.length);
    return own < 0 || given[own] === 1 ? 0 : product(given.slice(own + 1));
  });
  for (let at = 0; at < places.length; at++) {
    for (let axis = shape.length - 1, rest = at; axis >= 0; axis--) {
      places[at] += (rest % shape[axis]) * strides[axis];
      rest = Math.floor(rest / shape[axis]);
    }
  }
  return places;
}

/** How a tensor lies around one of its axes: so many blocks, of so many rows along it, of so many values each. */
function around(shape, axis) {
  return [product(shape.slice(0, axis)), shape[axis], product(shape.slice(axis + 1))];
}

/**
 * output (rows, columns) = left (rows, depth) x right (depth, columns) + bias.
 *
 * The right side never changes, so it is packed once, four columns side by side, as doubles: the loop then reads it
 * in order, keeps its sums in registers, and converts nothing.
 */
function prepareProduct(depth, columns, rightAt, bias) {
  const panels = Math.ceil(columns / 4);
  const packed = new Float64Array(panels * depth * 4);
  for (let panel = 0, at = 0; panel < panels; panel++) {
    for (let k = 0; k < depth; k++) {
      for (let lane = 0; lane < 4; lane++, at++) {
        const column = panel * 4 + lane;
        if (column < columns) packed[at] = rightAt(k, column);
      }
    }
  }
  const offsets = new Float64Array(panels * 4);
  if (bias) for (let column = 0; column < columns; column++) offsets[column] = bias[column % bias.length];
  return (left, rows, output) => {
    for (let panel = 0; panel < panels; panel++) {
      const first = panel * 4;
      const lanes = Math.min(4, columns - first);
      const b0 = offsets[first], b1 = offsets[first + 1], b2 = offsets[first + 2], b3 = offsets[first + 3];
      let row = 0;
      for (; row + 1 < rows; row += 2) {
        let s0 = b0, s1 = b1, s2 = b2, s3 = b3, t0 = b0, t1 = b1, t2 = b2, t3 = b3;
        let at = first * depth;
        let above = row * depth, below = above + depth;
        for (const end = below; above < end; above++, below++, at += 4) {
          const x = left[above], y = left[below];
          const w0 = packed[at], w1 = packed[at + 1], w2 = packed[at + 2], w3 = packed[at + 3];
          s0 += x * w0; s1 += x * w1; s2 += x * w2; s3 += x * w3;
          t0 += y * w0; t1 += y * w1; t2 += y * w2; t3 += y * w3;
        }
        const out = row * columns + first;
        store(output, out, lanes, s0, s1, s2, s3);
        store(output, out + columns, lanes, t0, t1, t2, t3);
      }
      if (row < rows) {
        let s0 = b0, s1 = b1, s2 = b2, s3 = b3;
        let at = first * depth;
        for (let from = row * depth, end = from + depth; from < end; from++, at += 4) {
          const x = left[from];
          s0 += x * packed[at]; s1 += x * packed[at + 1]; s2 += x * packed[at + 2]; s3 += x * packed[at + 3];
        }
        store(output, row * columns + first, lanes, s0, s1, s2, s3);
      }
    }
  };
}

function store(output, at, lanes, s0, s1, s2, s3) {
  output[at] = s0;
  if (lanes > 1) output[at + 1] = s1;
  if (lanes > 2) output[at + 2] = s2;
  if (lanes > 3) output[at + 3] = s3;
}

/** Where each value of a sliding window's patches comes from: for each (row, column, tap) an index of the input, or -1. */
function windowTaps([height, width], [outHeight, outWidth], size, { strides, pads, dilation = [1, 1] }) {
  const taps = new Int32Array(outHeight * outWidth * size[0] * size[1]);
  let at = 0;
  for (let row = 0; row < outHeight; row++) {
    for (let column = 0; column < outWidth; column++) {
      for (let down = 0; down < size[0]; down++) {
        for (let across = 0; across < size[1]; across++) {
          const y = row * strides[0] + down * dilation[0] - pads[0][0];
          const x = column * strides[1] + across * dilation[1] - pads[1][0];
          taps[at++] = y >= 0 && y < height && x >= 0 && x < width ? y * width + x : -1;
        }
      }
    }
  }
  return taps;
}

const OPS = {
  reshape: () => null,

  dense({ inputs: [input], output, weights: { kernel, bias } }) {
    const [depth, columns] = kernel.shape;
    const multiply = prepareProduct(depth, columns, (k, column) => kernel[k * columns + column], bias);
    const left = new Float64Array(input.length);
    return () => {
      left.set(input);
      multiply(left, input.length / depth, output);
    };
  },

  conv({ inputs: [input], inputShapes: [given], output, shape, options, weights: { kernel, bias } }) {
    const [down, across, channels, columns] = kernel.shape;
    const taps = windowTaps(given, shape, [down, across], options);
    const depth = down * across * channels;
    const multiply = prepareProduct(depth, columns, (k, column) => kernel[k * columns + column], bias);
    const patches = new Float64Array(taps.length * channels);
    return () => {
      for (let tap = 0, at = 0; tap < taps.length; tap++, at += channels) {
        const from = taps[tap] * channels;
        if (from < 0) continue; // stays zero
        for (let channel = 0; channel < channels; channel++) patches[at + channel] = input[from + channel];
      }
      multiply(patches, shape[0] * shape[1], output);
    };
  },

  // every input pixel adds its value times the kernel to a window of the output
  conv_transpose({ inputs: [input], inputShapes: [given], output, shape, options, weights: { kernel, bias } }) {
    const [down, across, columns, channels] = kernel.shape;
    const [outHeight, outWidth] = shape;
    const spread = down * across * columns;
    const multiply = prepareProduct(channels, spread, (k, column) => kernel[column * channels + k], null);
    const left = new Float64Array(input.length);
    const windows = new Float64Array(given[0] * given[1] * spread);
    return () => {
      left.set(input);
      multiply(left, given[0] * given[1], windows);
      for (let at = 0; at < output.length; at++) output[at] = bias ? bias[at % columns] : 0;
      let from = 0;
      for (let row = 0; row < given[0]; row++) {
        for (let column = 0; column < given[1]; column++) {
          for (let dy = 0; dy < down; dy++) {
            const y = row * options.strides[0] + dy - options.crop[0];
            for (let dx = 0; dx < across; dx++, from += columns) {
              const x = column * options.strides[1] + dx - options.crop[1];
              if (y < 0 || y >= outHeight || x < 0 || x >= outWidth) continue;
              const to = (y * outWidth + x) * columns;
              for (let channel = 0; channel < columns; channel++) output[to + channel] += windows[from + channel];
            }
          }
        }
      }
    };
  },

  upsample({ inputs: [input], inputShapes: [given], output, shape, options: { size, interpolation } }) {
    const channels = shape[2];
    const rows = blends(given[0], shape[0], size[0], interpolation);
    const columns = blends(given[1], shape[1], size[1], interpolation);
    return () => {
      let at = 0;
      for (const [top, bottom, lower] of rows) {
        for (const [left, right, further] of columns) {
          for (let channel = 0; channel < channels; channel++, at++) {
            const value = (y, x) => input[(y * given[1] + x) * channels + channel];
            const above = value(top, left) * (1 - further) + value(top, right) * further;
            const below = value(bottom, left) * (1 - further) + value(bottom, right) * further;
            output[at] = above * (1 - lower) + below * lower;
          }
        }
      }
    };
  },

  pool({ inputs: [input], inputShapes: [given], output, shape, options }) {
    const taps = windowTaps(given, shape, options.size, options);
    const perWindow = options.size[0] * options.size[1];
    return () => {
      for (let pixel = 0; pixel * perWindow < taps.length; pixel++) {
        const window = taps.subarray(pixel * perWindow, (pixel + 1) * perWindow).filter((tap) => tap >= 0);
        reduceInto(output, pixel * shape[2], shape[2], input, window, options.kind);
      }
    };
  },

  global_pool({ inputs: [input], inputShapes: [given], output, options: { kind } }) {
    const taps = Int32Array.from({ length: given[0] * given[1] }, (_, tap) => tap);
    return () => reduceInto(output, 0, given[2], input, taps, kind);
  },

  pad({ inputs: [input], inputShapes: [given], output, shape, options: { pads } }) {
    const length = given[1] * given[2];
    return () => {
      for (let row = 0; row < given[0]; row++) {
        const to = ((row + pads[0][0]) * shape[1] + pads[1][0]) * shape[2];
        output.set(input.subarray(row * length, (row + 1) * length), to);
      }
    };
  },

  affine({ inputs: [input], output, weights: { scale, offset } }) {
    return () => {
      for (let at = 0, channel = 0; at < input.length; at++) {
        output[at] = input[at] * scale[channel] + offset[channel];
        if (++channel === scale.length) channel = 0;
      }
    };
  },

  layer_norm({ inputs: [input], output, options: { epsilon }, weights: { scale, offset } }) {
    const width = scale.length;
    return () => {
      for (let start = 0; start < input.length; start += width) {
        let mean = 0, square = 0;
        for (let at = 0; at < width; at++) mean += input[start + at];
        mean /= width;
        for (let at = 0; at < width; at++) square += (input[start + at] - mean) ** 2;
        const inverse = 1 / Math.sqrt(square / width + epsilon);
        for (let at = 0; at < width; at++) output[start + at] = (input[start + at] - mean) * inverse * scale[at] + offset[at];
      }
    };
  },

  activation({ inputs: [input], output, options }) {
    const make = ACTIVATIONS[options.name];
    if (!make) throw new ExplorerError(`This page does not know the activation “${options.name}”.`);
    const activate = make(options);
    return () => {
      for (let at = 0; at < input.length; at++) output[at] = activate(input[at]);
    };
  },

  binary({ inputs, inputShapes, output, shape, options: { name, constantFirst }, weights: { constant } }) {
    const apply = OF_TWO[name];
    if (!apply) throw new ExplorerError(`This page does not know the operation “${name}”.`);
    const sides = inputs.map((input, number) => [input, broadcast(inputShapes[number], shape)]);
    if (constant) sides.splice(constantFirst ? 0 : 1, 0, [constant, broadcast(constant.shape, shape)]);
    const [[left, fromLeft], [right, fromRight]] = sides;
    return () => {
      for (let at = 0; at < output.length; at++) output[at] = apply(left[fromLeft[at]], right[fromRight[at]]);
    };
  },

  clip({ inputs: [input], output, options: { low, high } }) {
    return () => {
      for (let at = 0; at < input.length; at++) output[at] = Math.min(Math.max(input[at], low), high);
    };
  },

  slice({ inputs: [input], inputShapes: [given], output, options: { starts, stops } }) {
    const places = new Int32Array(output.length);
    const sizes = stops.map((stop, axis) => stop - starts[axis]);
    for (let at = 0; at < places.length; at++) {
      for (let axis = given.length - 1, rest = at, stride = 1; axis >= 0; axis--) {
        places[at] += (starts[axis] + (rest % sizes[axis])) * stride;
        rest = Math.floor(rest / sizes[axis]);
        stride *= given[axis];
      }
    }
    return () => {
      for (let at = 0; at < output.length; at++) output[at] = input[places[at]];
    };
  },

  softmax_along({ inputs: [input], inputShapes: [given], output, options: { axis } }) {
    const [blocks, rows, width] = around(given, axis);
    return () => {
      for (let block = 0; block < blocks; block++) {
        for (let column = 0; column < width; column++) {
          const first = block * rows * width + column;
          let highest = -Infinity, total = 0;
          for (let row = 0; row < rows; row++) highest = Math.max(highest, input[first + row * width]);
          for (let row = 0; row < rows; row++) total += output[first + row * width] = Math.exp(input[first + row * width] - highest);
          for (let row = 0; row < rows; row++) output[first + row * width] /= total;
        }
      }
    };
  },

  sum_along({ inputs: [input], inputShapes: [given], output, options: { axis } }) {
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
  },

  append_constants({ inputs: [input], inputShapes: [given], output, shape, weights: { constants } }) {
    const channels = given[given.length - 1], wide = shape[shape.length - 1], more = wide - channels;
    for (let pixel = 0; pixel * more < constants.length; pixel++) {
      for (let channel = 0; channel < more; channel++) output[pixel * wide + channels + channel] = constants[pixel * more + channel];
    }
    return () => {
      for (let from = 0, to = 0; from < input.length; to += more) {
        for (let channel = 0; channel < channels; channel++) output[to++] = input[from++];
      }
    };
  },

  add: ({ inputs, output }) => () => {
    output.set(inputs[0]);
    for (const other of inputs.slice(1)) for (let at = 0; at < output.length; at++) output[at] += other[at];
  },

  multiply: ({ inputs, output }) => () => {
    output.set(inputs[0]);
    for (const other of inputs.slice(1)) for (let at = 0; at < output.length; at++) output[at] *= other[at];
  },

  concatenate({ inputs, inputShapes, output }) {
    const widths = inputShapes.map((shape) => shape[shape.length - 1]);
    return () => {
      for (let to = 0, pixel = 0; to < output.length; pixel++) {
        inputs.forEach((input, number) => {
          for (let channel = 0; channel < widths[number]; channel++) output[to++] = input[pixel * widths[number] + channel];
        });
      }
    };
  },
};

/** For each place of a stretched axis: the two places it lies between and how far along. Half-pixel centres. */
function blends(before, after, times, interpolation) {
  return Array.from({ length: after }, (_, place) => {
    if (interpolation === "nearest") return [Math.floor(place / times), 0, 0];
    const source = Math.min(Math.max((place + 0.5) / times - 0.5, 0), before - 1);
    const low = Math.floor(source);
    return [low, Math.min(low + 1, before - 1), source - low];
  });
}

function reduceInto(output, to, channels, input, taps, kind) {
  for (let channel = 0; channel < channels; channel++) {
    let value = kind === "max" ? -Infinity : 0;
    for (const tap of taps) {
      const x = input[tap * channels + channel];
      value = kind === "max" ? Math.max(value, x) : value + x;
    }
    output[to + channel] = kind === "max" ? value : value / taps.length;
  }
}
