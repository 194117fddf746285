// The matrix product, which dense layers and convolutions are computed with.

import { COLUMNS_AT_ONCE, ROWS_AT_ONCE } from "./simd.js";

/** @import { Arena } from "./simd.js" */

/**
 * output (rows, columns) = left (rows, depth) x right (depth, columns) + bias.
 *
 * A row of the left side is made of parts of one length, which need not be next to each other: those of a convolution are
 * read from the image where they are.
 *
 * @typedef {object} Factors
 * @property {number} depth
 * @property {number} columns
 * @property {(k: number, column: number) => number} rightAt the right side, which is constant
 * @property {Float32Array} [bias] repeated if it is shorter than the number of columns
 * @property {number} size how many numbers the left side has
 * @property {number[]} rows where each row begins
 * @property {number[]} [parts] where each part of a row begins, counted from there
 */

/**
 * @typedef {object} Product
 * @property {() => Float32Array | Float64Array} left to be filled with the left side; what is not written stays 0
 * @property {(output: Float32Array) => void} multiply
 */

/**
 * @param {Factors} factors
 * @param {Arena | null} arena null where there is no WebAssembly
 * @returns {Product}
 */
export const prepareProduct = (factors, arena) => (arena ? inWebAssembly(factors, arena) : inJavaScript(factors));

/**
 * @param {Factors} factors
 * @param {Arena} arena
 * @returns {Product}
 */
function inWebAssembly({ depth, columns, rightAt, bias, size, rows, parts = [0] }, arena) {
  const panels = Math.ceil(columns / COLUMNS_AT_ONCE);
  const groups = Math.ceil(rows.length / ROWS_AT_ONCE);
  const wide = panels * COLUMNS_AT_ONCE;
  const places = {
    left: arena.reserve(size),
    weights: arena.reserve(depth * wide),
    bias: arena.reserve(wide),
    begins: arena.reserve(groups * ROWS_AT_ONCE),
    jumps: arena.reserve(parts.length),
    out: arena.reserve(groups * ROWS_AT_ONCE * wide),
  };
  const packed = arena.floats(places.weights, depth * wide);
  const last = columns % COLUMNS_AT_ONCE || COLUMNS_AT_ONCE;
  for (let panel = 0, at = 0; panel < panels; panel++) {
    const lanes = panel === panels - 1 ? last : COLUMNS_AT_ONCE;
    for (let k = 0; k < depth; k++, at += COLUMNS_AT_ONCE) {
      for (let lane = 0; lane < lanes; lane++) packed[at + lane] = rightAt(k, panel * COLUMNS_AT_ONCE + lane);
    }
  }
  const offsets = arena.floats(places.bias, wide);
  if (bias) for (let column = 0; column < columns; column++) offsets[column] = bias[column % bias.length];
  const begins = arena.integers(places.begins, groups * ROWS_AT_ONCE);
  // the last group may compute the last row several times
  for (let row = 0; row < begins.length; row++) begins[row] = 4 * rows[Math.min(row, rows.length - 1)];
  arena.integers(places.jumps, parts.length).set(parts.map((part) => 4 * part));
  const length = (4 * depth) / parts.length;
  return {
    left: () => arena.floats(places.left, size),
    multiply(output) {
      const { left, weights, bias, out, begins, jumps } = places;
      arena.product(left, weights, bias, out, begins, groups, jumps, parts.length, length, panels, 4 * wide);
      const found = arena.floats(out, rows.length * wide);
      if (wide === columns) output.set(found);
      else for (let row = 0; row < rows.length; row++) copy(found, row * wide, output, row * columns, columns);
    },
  };
}

/** @type {(from: Float32Array, start: number, to: Float32Array, at: number, count: number) => void} */
function copy(from, start, to, at, count) {
  for (let index = 0; index < count; index++) to[at + index] = from[start + index];
}

/**
 * The right side is packed once, four columns side by side, as doubles. The loop then reads it in order, keeps its sums in
 * registers, and needs no conversions.
 *
 * @param {Factors} factors
 * @returns {Product}
 */
function inJavaScript({ depth, columns, rightAt, bias, size, rows, parts = [0] }) {
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
  const begins = Int32Array.from(rows);
  const jumps = Int32Array.from(parts);
  const length = depth / jumps.length;
  const left = new Float64Array(size);
  /** @param {Float32Array} output */
  const multiply = (output) => {
    for (let panel = 0; panel < panels; panel++) {
      const first = panel * 4;
      const lanes = Math.min(4, columns - first);
      const b0 = offsets[first],
        b1 = offsets[first + 1],
        b2 = offsets[first + 2],
        b3 = offsets[first + 3];
      for (let row = 0; row < begins.length; row += 2) {
        // of an odd number of rows the last is computed twice
        const next = Math.min(row + 1, begins.length - 1);
        let s0 = b0,
          s1 = b1,
          s2 = b2,
          s3 = b3,
          t0 = b0,
          t1 = b1,
          t2 = b2,
          t3 = b3;
        let at = first * depth;
        for (let part = 0; part < jumps.length; part++) {
          let above = begins[row] + jumps[part];
          let below = begins[next] + jumps[part];
          for (const end = above + length; above < end; above++, below++, at += 4) {
            const x = left[above],
              y = left[below];
            const w0 = packed[at],
              w1 = packed[at + 1],
              w2 = packed[at + 2],
              w3 = packed[at + 3];
            s0 += x * w0;
            s1 += x * w1;
            s2 += x * w2;
            s3 += x * w3;
            t0 += y * w0;
            t1 += y * w1;
            t2 += y * w2;
            t3 += y * w3;
          }
        }
        store(output, row * columns + first, lanes, s0, s1, s2, s3);
        store(output, next * columns + first, lanes, t0, t1, t2, t3);
      }
    }
  };
  return { left: () => left, multiply };
}

/**
 * The begin of each of a number of rows that follow one another.
 *
 * @param {number} count
 * @param {number} depth
 */
export const rowsOf = (count, depth) => Array.from({ length: count }, (_, row) => row * depth);

/**
 * @param {Float32Array} output
 * @param {number} at
 * @param {number} lanes
 * @param {number} s0
 * @param {number} s1
 * @param {number} s2
 * @param {number} s3
 */
function store(output, at, lanes, s0, s1, s2, s3) {
  output[at] = s0;
  if (lanes > 1) output[at + 1] = s1;
  if (lanes > 2) output[at + 2] = s2;
  if (lanes > 3) output[at + 3] = s3;
}
