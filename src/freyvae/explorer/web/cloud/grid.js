// Sorts points into the cells of a square grid over a view of the plane: to find those near a place, and to count them.

import { clamp } from "../clamp.js";

export const CELLS = 256; // on each side

/**
 * @param {Float32Array} places the x and y of each point
 * @param {number[][]} ranges the lowest and the highest value along each axis; points beyond are in the cells at the edge
 */
export function makeGrid(places, ranges) {
  const count = places.length / 2;
  const [[left, right], [bottom, top]] = ranges;
  const [across, up] = [CELLS / (right - left), CELLS / (top - bottom)];
  /** @param {number} x */
  const columnOf = (x) => clamp(Math.floor((x - left) * across), 0, CELLS - 1);
  /** @param {number} y */
  const rowOf = (y) => clamp(Math.floor((y - bottom) * up), 0, CELLS - 1);
  /** @param {number} point */
  const cellOf = (point) => rowOf(places[2 * point + 1]) * CELLS + columnOf(places[2 * point]);

  // the points of a cell are those of `members` from its start to the next one's
  const starts = new Uint32Array(CELLS * CELLS + 1);
  for (let point = 0; point < count; point++) starts[cellOf(point) + 1]++;
  for (let cell = 0; cell < CELLS * CELLS; cell++) starts[cell + 1] += starts[cell];
  const members = new Uint32Array(count);
  const next = starts.slice();
  for (let point = 0; point < count; point++) members[next[cellOf(point)]++] = point;

  return {
    places,
    /**
     * The point nearest to a place, or -1.
     *
     * @param {number} x
     * @param {number} y
     * @param {number[]} within the largest distance along each axis
     * @param {(point: number) => boolean} isShown
     */
    near(x, y, [wide, high], isShown) {
      let best = -1;
      let shortest = 1;
      for (let row = rowOf(y - high); row <= rowOf(y + high); row++) {
        const first = starts[row * CELLS + columnOf(x - wide)];
        const end = starts[row * CELLS + columnOf(x + wide) + 1];
        for (let at = first; at < end; at++) {
          const point = members[at];
          const apart = ((places[2 * point] - x) / wide) ** 2 + ((places[2 * point + 1] - y) / high) ** 2;
          if (apart >= shortest || !isShown(point)) continue;
          shortest = apart;
          best = point;
        }
      }
      return best;
    },
    /**
     * How many shown points are in each cell, row by row from the lowest value up, without those beyond the ranges.
     *
     * @param {(point: number) => boolean} isShown
     */
    counts(isShown) {
      const found = new Float32Array(CELLS * CELLS);
      for (let point = 0; point < count; point++) {
        const [x, y] = [places[2 * point], places[2 * point + 1]];
        if (isShown(point) && x >= left && x < right && y >= bottom && y < top) found[cellOf(point)]++;
      }
      return found;
    },
  };
}

/** @typedef {ReturnType<typeof makeGrid>} Grid */
