// The matrix product, which dense layers and convolutions are computed with.

/**
 * output (rows, columns) = left (rows, depth) x right (depth, columns) + bias.
 *
 * The right side is constant, so it is packed once, four columns side by side, as doubles. The loop then reads it in
 * order, keeps its sums in registers, and needs no conversions.
 *
 * @param {number} depth
 * @param {number} columns
 * @param {(k: number, column: number) => number} rightAt
 * @param {Float32Array | undefined} [bias] repeated if it is shorter than the number of columns
 * @returns {(left: Float64Array, rows: number, output: Float32Array | Float64Array) => void}
 */
export function prepareProduct(depth, columns, rightAt, bias) {
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
      const b0 = offsets[first],
        b1 = offsets[first + 1],
        b2 = offsets[first + 2],
        b3 = offsets[first + 3];
      let row = 0;
      for (; row + 1 < rows; row += 2) {
        let s0 = b0,
          s1 = b1,
          s2 = b2,
          s3 = b3,
          t0 = b0,
          t1 = b1,
          t2 = b2,
          t3 = b3;
        let at = first * depth;
        let above = row * depth;
        let below = above + depth;
        for (const end = below; above < end; above++, below++, at += 4) {
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
        const out = row * columns + first;
        store(output, out, lanes, s0, s1, s2, s3);
        store(output, out + columns, lanes, t0, t1, t2, t3);
      }
      if (row < rows) {
        let s0 = b0,
          s1 = b1,
          s2 = b2,
          s3 = b3;
        let at = first * depth;
        for (let from = row * depth, end = from + depth; from < end; from++, at += 4) {
          const x = left[from];
          s0 += x * packed[at];
          s1 += x * packed[at + 1];
          s2 += x * packed[at + 2];
          s3 += x * packed[at + 3];
        }
        store(output, row * columns + first, lanes, s0, s1, s2, s3);
      }
    }
  };
}

/**
 * @param {Float32Array | Float64Array} output
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
