// Density contours: lines that hold a share of the points, where these are densest.

// the share of the points within each line
export const SHARES = [0.95, 0.75, 0.5, 0.25];
// the deviation of the smoothing, in cells
const SMOOTHING = 4;

/**
 * Counts in the cells of a square grid, smoothed by a Gaussian.
 *
 * @param {Float32Array} counts
 * @param {number} side cells on each side
 */
export function smoothed(counts, side) {
  const reach = Math.ceil(3 * SMOOTHING);
  const weights = Array.from({ length: 2 * reach + 1 }, (_, at) => Math.exp(-0.5 * ((at - reach) / SMOOTHING) ** 2));
  const sum = weights.reduce((total, weight) => total + weight);
  /** @type {(from: Float32Array, step: number, across: number) => Float32Array} */
  const along = (from, step, across) => {
    const to = new Float32Array(from.length);
    for (let line = 0; line < side; line++) {
      for (let place = 0; place < side; place++) {
        let total = 0;
        for (let away = Math.max(-reach, -place); away <= Math.min(reach, side - 1 - place); away++) {
          total += weights[away + reach] * from[line * across + (place + away) * step];
        }
        to[line * across + place * step] = total / sum;
      }
    }
    return to;
  };
  return along(along(counts, 1, side), side, 1);
}

/**
 * The density above which there is each share of the points.
 *
 * @param {Float32Array} density
 * @param {number[]} shares
 */
export function levelsOf(density, shares) {
  const sorted = density.slice().sort().reverse();
  const total = sorted.reduce((sum, value) => sum + value, 0);
  return shares.map((share) => {
    let sum = 0;
    for (const value of sorted) {
      sum += value;
      if (sum >= share * total) return value;
    }
    return 0;
  });
}

/**
 * The line at a level, as segments x1, y1, x2, y2: marching squares over the centres of the cells, 0.5 being that of the
 * first. Beyond the grid there is nothing.
 *
 * @param {Float32Array} density
 * @param {number} side
 * @param {number} level
 */
export function segmentsAt(density, side, level) {
  /** @type {number[]} */
  const found = [];
  /** @type {(column: number, row: number) => number} */
  const at = (column, row) =>
    column < 0 || row < 0 || column >= side || row >= side ? 0 : density[row * side + column];
  for (let row = -1; row < side; row++) {
    for (let column = -1; column < side; column++) {
      // the corners, around the square
      const corners = [
        [column, row],
        [column + 1, row],
        [column + 1, row + 1],
        [column, row + 1],
      ];
      const values = corners.map(([x, y]) => at(x, y));
      /** @type {number[][]} */
      const crossed = [];
      for (let corner = 0; corner < 4; corner++) {
        const next = (corner + 1) % 4;
        const [one, other] = [values[corner], values[next]];
        if (one > level === other > level) continue;
        const share = (level - one) / (other - one);
        const [[x1, y1], [x2, y2]] = [corners[corner], corners[next]];
        crossed.push([x1 + share * (x2 - x1) + 0.5, y1 + share * (y2 - y1) + 0.5]);
      }
      // four where two corners that face each other are above
      for (let pair = 0; pair + 1 < crossed.length; pair += 2) found.push(...crossed[pair], ...crossed[pair + 1]);
    }
  }
  return found;
}
