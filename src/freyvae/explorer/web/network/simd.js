// The matrix product in WebAssembly with SIMD, several times faster than in JavaScript. Its one function is so short that
// it is assembled here, instruction by instruction, rather than by a compiler.

const PAGE = 65536;
// columns and rows of the result that are computed at a time, in eight registers of four numbers
export const COLUMNS_AT_ONCE = 8;
export const ROWS_AT_ONCE = 4;

/**
 * Memory that the product reads from and writes to. Places are in bytes, and views are valid until more is reserved.
 *
 * @typedef {object} Arena
 * @property {(numbers: number) => number} reserve room for so many numbers of 32 bits, and returns its place
 * @property {(place: number, numbers: number) => Float32Array} floats
 * @property {(place: number, numbers: number) => Int32Array} integers
 * @property {Product} product
 */

/**
 * For each group of four rows and eight columns: out = bias + sum over parts and k of left[begin + jump + k] * weights.
 * All but counts are places and distances in bytes.
 *
 * @typedef {(
 *   left: number, weights: number, bias: number, out: number, begins: number, groups: number, jumps: number,
 *   parts: number, length: number, panels: number, stride: number
 * ) => void} Product
 */

/** @param {number} value not negative */
function unsigned(value) {
  const bytes = [];
  for (; value > 127; value >>>= 7) bytes.push((value & 127) | 128);
  return [...bytes, value];
}
/** @param {number[]} bytes */
const sized = (bytes) => [...unsigned(bytes.length), ...bytes];
/** @type {(id: number, ...entries: number[][]) => number[]} */
const section = (id, ...entries) => [id, ...sized([entries.length, ...entries.flat()])];

// parameters, then local variables: numbers of 32 bits, and vectors of four floats
const [LEFT, WEIGHTS, BIAS, OUT, BEGINS, GROUPS, JUMPS, PARTS, LENGTH, PANELS, STRIDE] = Array(11).keys();
const [GROUP, PART, BEGIN, JUMP, WEIGHT, END, RESULT] = Array.from({ length: 7 }, (_, index) => 11 + index);
const ROW = [18, 19, 20, 21];
const NUMBERS = 11;
const FIRST = NUMBERS + 11;
const SUM = Array.from({ length: 8 }, (_, index) => FIRST + index);
const [ONE, OTHER, VALUE] = [FIRST + 8, FIRST + 9, FIRST + 10];
const VECTORS = 11;

const I32 = 0x7f;
const V128 = 0x7b;
/** @type {(local: number) => number[]} */
const get = (local) => [0x20, local];
/** @type {(local: number, ...value: number[][]) => number[]} */
const set = (local, ...value) => [...value.flat(), 0x21, local];
/** @type {(a: number[], b: number[]) => number[]} */
const plus = (a, b) => [...a, ...b, 0x6a];
/** @type {(value: number) => number[]} at most 63, since the encoding is signed */
const constant = (value) => [0x41, value];
/** @type {(local: number, by: number[]) => number[]} */
const advance = (local, by) => set(local, plus(get(local), by));
/** @type {(place: number[], offset?: number) => number[]} */
const load = (place, offset = 0) => [...place, 0x28, 2, offset];
/** @type {(code: number, place: number[], offset?: number) => number[]} */
const vector = (code, place, offset = 0) => [...place, 0xfd, code, 2, offset];
const loadVector = 0x00;
const loadToAll = 0x09;
/** @type {(sum: number, value: number, weight: number) => number[]} */
const accumulate = (sum, value, weight) =>
  set(sum, [...get(sum), ...get(value), ...get(weight), 0xfd, 0xe6, 0x01, 0xfd, 0xe4, 0x01]);
/** @type {(place: number[], value: number, offset: number) => number[]} */
const storeVector = (place, value, offset) => [...place, ...get(value), 0xfd, 0x0b, 2, offset];
/** Repeat as long as the condition holds. @type {(condition: number[], ...body: number[][]) => number[]} */
const repeat = (condition, ...body) => [0x03, 0x40, ...body.flat(), ...condition, 0x0d, 0, 0x0b];
/** @type {(a: number, b: number) => number[]} */
const below = (a, b) => [...get(a), ...get(b), 0x49];
/** Count down, and whether there is one left. @type {(local: number) => number[]} */
const countDown = (local) => [...get(local), ...constant(1), 0x6b, 0x22, local];

const innermost = repeat(
  below(ROW[0], END),
  set(ONE, vector(loadVector, get(WEIGHT))),
  set(OTHER, vector(loadVector, get(WEIGHT), 16)),
  ...ROW.map((row, index) => [
    ...set(VALUE, vector(loadToAll, get(row))),
    ...accumulate(SUM[2 * index], VALUE, ONE),
    ...accumulate(SUM[2 * index + 1], VALUE, OTHER),
    ...advance(row, constant(4)),
  ]),
  advance(WEIGHT, constant(32)),
);

const body = repeat(
  countDown(PANELS),
  set(GROUP, get(GROUPS)),
  set(BEGIN, get(BEGINS)),
  set(RESULT, get(OUT)),
  repeat(
    countDown(GROUP),
    set(WEIGHT, get(WEIGHTS)),
    ...SUM.map((sum, index) => set(sum, vector(loadVector, get(BIAS), 16 * (index % 2)))),
    set(PART, get(PARTS)),
    set(JUMP, get(JUMPS)),
    repeat(
      countDown(PART),
      ...ROW.map((row, index) => set(row, plus(plus(get(LEFT), load(get(BEGIN), 4 * index)), load(get(JUMP))))),
      set(END, plus(get(ROW[0]), get(LENGTH))),
      innermost,
      advance(JUMP, constant(4)),
    ),
    ...ROW.map((_, index) => [
      ...storeVector(get(RESULT), SUM[2 * index], 0),
      ...storeVector(get(RESULT), SUM[2 * index + 1], 16),
      ...advance(RESULT, get(STRIDE)),
    ]),
    advance(BEGIN, constant(16)),
  ),
  // the next panel has other weights, and is eight columns to the right
  set(WEIGHTS, get(WEIGHT)),
  advance(BIAS, constant(32)),
  advance(OUT, constant(32)),
);

function assembled() {
  const name = [1, 0x6d];
  const locals = [2, NUMBERS, I32, VECTORS, V128];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [0x60, ...sized(Array(11).fill(I32)), 0]),
    ...section(2, [...name, ...name, 0x02, 0x00, 1]),
    ...section(3, [0]),
    ...section(7, [...name, 0x00, 0]),
    ...section(10, sized([...locals, ...body, 0x0b])),
  ]);
}

/** @type {WebAssembly.Module | null | undefined} */
let compiled;

/**
 * An empty arena; null where there is no WebAssembly with SIMD, or the site's policy forbids it.
 *
 * @returns {Arena | null}
 */
export function makeArena() {
  try {
    compiled ??= new WebAssembly.Module(assembled());
  } catch {
    compiled = null;
  }
  if (!compiled) return null;
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { exports } = new WebAssembly.Instance(compiled, { m: { m: memory } });
  let used = 0;
  return {
    reserve(numbers) {
      const place = used;
      used += Math.ceil(numbers / 4) * 16;
      const missing = Math.ceil((used - memory.buffer.byteLength) / PAGE);
      if (missing > 0) memory.grow(missing);
      return place;
    },
    floats: (place, numbers) => new Float32Array(memory.buffer, place, numbers),
    integers: (place, numbers) => new Int32Array(memory.buffer, place, numbers),
    product: /** @type {Product} */ (exports.m),
  };
}
