// Positions on the plane of two latents, in CSS pixels from its top left.

/** @import { Bundle, Code } from "../types.js" */

// points are sorted into cells of 16 pixels, so a search within 16 pixels needs nine cells
const CELL_BITS = 4;
const CELLS_A_ROW = 4096;

/** @param {Pick<Bundle, "header" | "codes" | "map">} bundle */
export function makeGeometry({ header: { latents, points }, codes, map = null }) {
  const { count: dim, plane: reach, unit } = latents;
  let axes = latents.axes;
  let isMap = false;
  let width = 0;
  let height = 0;
  /** The x and y of each point. */
  const placed = new Float32Array(2 * points);
  /** @type {Map<number, number[]>} */
  let cells = new Map();

  // with one latent, the second axis of the plane is the order of the images
  const hasOneAxis = () => axes[1] === undefined;
  /** @param {number} value in units */
  const across = (value) => ((value / reach + 1) / 2) * width;
  /** @param {number} value in units */
  const down = (value) => ((1 - value / reach) / 2) * height;
  /** @param {number} point */
  const order = (point) => ((2 * point) / Math.max(points - 1, 1) - 1) * reach;

  /** @param {number} point */
  const onAxes = (point) => [
    across(codes[point * dim + axes[0]] / unit),
    down(hasOneAxis() ? order(point) : codes[point * dim + axes[1]] / unit),
  ];
  /** @param {number} point */
  const onMap = (point) => {
    const [x, y] = /** @type {Float32Array} */ (map).subarray(2 * point, 2 * point + 2);
    return [((x + 1) / 2) * width, ((1 - y) / 2) * height];
  };

  /**
   * The point whose code is nearest: on the map, the place of a code is that of such a point.
   *
   * @param {Code} code
   */
  function nearestCode(code) {
    let best = 0;
    let shortest = Infinity;
    for (let point = 0; point < points; point++) {
      let apart = 0;
      for (let latent = 0, at = point * dim; latent < dim && apart < shortest; latent++, at++) {
        apart += (codes[at] - code[latent]) ** 2;
      }
      if (apart < shortest) {
        shortest = apart;
        best = point;
      }
    }
    return best;
  }

  function place() {
    cells = new Map();
    for (let point = 0; point < points; point++) {
      const [x, y] = isMap ? onMap(point) : onAxes(point);
      placed[2 * point] = x;
      placed[2 * point + 1] = y;
      const key = (x >> CELL_BITS) * CELLS_A_ROW + (y >> CELL_BITS);
      const cell = cells.get(key);
      if (cell) cell.push(point);
      else cells.set(key, [point]);
    }
  }

  /**
   * @param {Iterable<number>} among
   * @param {number} x
   * @param {number} y
   * @param {number} within the largest distance in pixels; -1 is returned if no point is within it
   */
  function nearestOf(among, x, y, within) {
    let best = -1;
    let shortest = within * within;
    for (const point of among) {
      const apart = (placed[2 * point] - x) ** 2 + (placed[2 * point + 1] - y) ** 2;
      if (apart < shortest) {
        shortest = apart;
        best = point;
      }
    }
    return best;
  }

  /**
   * The points in the cell of a position and in the eight cells around it.
   *
   * @param {number} x
   * @param {number} y
   */
  function* around(x, y) {
    for (let column = -1; column <= 1; column++) {
      for (let row = -1; row <= 1; row++) {
        yield* cells.get(((x >> CELL_BITS) + column) * CELLS_A_ROW + (y >> CELL_BITS) + row) ?? [];
      }
    }
  }

  return {
    placed,
    hasOneAxis,
    get axes() {
      return axes;
    },
    get width() {
      return width;
    },
    get height() {
      return height;
    },
    /** @param {number[]} to */
    setAxes(to) {
      axes = to;
      if (width) place();
    },
    /**
     * @param {number} toWidth
     * @param {number} toHeight
     */
    resize(toWidth, toHeight) {
      width = toWidth;
      height = toHeight;
      place();
    },
    /** Show the map in place of the axes, if there is one. @param {boolean} on */
    setMap(on) {
      isMap = on && map !== null;
      if (width) place();
    },
    get isMap() {
      return isMap;
    },
    /** @param {Code} code */
    x: (code) => (isMap ? placed[2 * nearestCode(code)] : across(code[axes[0]] / unit)),
    /** @param {Code} code */
    y: (code) => (isMap ? placed[2 * nearestCode(code) + 1] : down(hasOneAxis() ? 0 : code[axes[1]] / unit)),
    /**
     * Write the latents at a position to `into`. Latents on neither axis are taken from `latents`. On the map they are
     * the code of the nearest point.
     *
     * @param {number} right 0 to 1, from the left
     * @param {number} below 0 to 1, from the top
     * @param {Float32Array} latents
     * @param {Float32Array} into
     */
    latentsAt(right, below, latents, into) {
      if (isMap) {
        const point = nearestOf(Array(points).keys(), right * width, below * height, Infinity);
        into.set(codes.subarray(point * dim, (point + 1) * dim));
        return into;
      }
      into.set(latents);
      into[axes[0]] = (2 * right - 1) * reach * unit;
      if (!hasOneAxis()) into[axes[1]] = (1 - 2 * below) * reach * unit;
      return into;
    },
    /**
     * The nearest point within at most 16 pixels, or -1.
     *
     * @param {number} x
     * @param {number} y
     * @param {number} within
     */
    near: (x, y, within) => nearestOf(around(x, y), x, y, within),
    /**
     * The nearest of all points.
     *
     * @param {number} x
     * @param {number} y
     */
    nearest: (x, y) => nearestOf(Array(points).keys(), x, y, Infinity),
    /** @param {number} point */
    placeOf: (point) => [placed[2 * point], placed[2 * point + 1]],
  };
}

/** @typedef {ReturnType<typeof makeGeometry>} Geometry */
