// Positions on the plane, in CSS pixels from its top left. The plane is spanned by two latents or by two principal
// components, along which dragging moves the code; or it is a map, whose places have no codes but those of the images.

import { clamp } from "../clamp.js";

/** @import { Bundle, Code, View } from "../types.js" */

// points are sorted into cells of 16 pixels, so a search within 16 pixels needs nine cells
const CELL_BITS = 4;
const CELLS_A_ROW = 4096;
const CLOSEST_ZOOM = 32;
const MAP_RANGE = [-1, 1];
const ORDER_RANGE = [0, 1];

/**
 * Two axes: a code is at `rows[axis] . (code - middle)` along an axis; adding `steps[axis]` to it moves it by 1. The plane
 * shows places from the first to the second of `ranges[axis]`.
 *
 * @typedef {{ middle: Code, rows: Code[], steps: Code[], ranges: number[][] }} Axes
 */

/**
 * @param {Pick<Bundle, "header" | "codes"> & Partial<Pick<Bundle, "map" | "plane">>} bundle
 * @param {(point: number) => boolean} [isShown] the others are passed over where a point is looked for
 */
export function makeGeometry({ header, codes, map = null, plane = null }, isShown = () => true) {
  const { latents, points } = header;
  const { count: dim, unit } = latents;
  let isMap = false;
  /** @type {Axes} */
  let axes = axesOfLatents(latents.axes);
  let width = 0;
  let height = 0;
  // the part of the plane that is shown, as shares of all
  let shown = { left: 0, top: 0, size: 1 };
  /** The x and y of each point, where they are known. */
  const places = new Float32Array(2 * points);
  let arePlaced = false; // until a place is asked for: that of a hundred thousand points takes a while
  /** @type {Map<number, number[]> | null} */
  let cells = null; // until a point is looked for

  // with one latent, the second axis of the plane is the order of the images
  const hasOneAxis = () => axes.rows.length === 1;

  /** @param {number[]} of */
  function axesOfLatents(of) {
    const along = (/** @type {number} */ size) =>
      of.map((axis) => {
        const vector = new Float32Array(dim);
        vector[axis] = size;
        return vector;
      });
    return {
      middle: new Float32Array(dim),
      rows: along(1 / unit),
      steps: along(unit),
      ranges: of.map(() => [-latents.plane, latents.plane]),
    };
  }

  function principalAxes() {
    const numbers = /** @type {Float32Array} */ (plane);
    const [middle, first, second, stepAlong, stepUp] = Array.from({ length: 5 }, (_, row) =>
      numbers.subarray(row * dim, (row + 1) * dim),
    );
    const { ranges } = /** @type {NonNullable<typeof header.plane>} */ (header.plane);
    return { middle, rows: [first, second], steps: [stepAlong, stepUp], ranges };
  }

  /**
   * Where a code is along an axis.
   *
   * @param {number} axis
   * @param {Code} values codes one after another
   * @param {number} [start] where the code starts in them
   */
  function along(axis, values, start = 0) {
    const row = axes.rows[axis];
    let sum = 0;
    for (let latent = 0; latent < dim; latent++) sum += row[latent] * (values[start + latent] - axes.middle[latent]);
    return sum;
  }

  /** From a share of the plane to pixels. @type {(share: number) => number} */
  const across = (share) => ((share - shown.left) / shown.size) * width;
  /** @type {(share: number) => number} */
  const down = (share) => ((share - shown.top) / shown.size) * height;
  /** @type {(axis: number, value: number) => number} */
  const share = (axis, value) => {
    const [low, high] = axes.ranges[axis];
    return (value - low) / (high - low);
  };
  /** @type {(axis: number, share: number) => number} */
  const valueAt = (axis, share) => {
    const [low, high] = axes.ranges[axis];
    return low + share * (high - low);
  };

  /** @param {number} point */
  const onAxes = (point) => [
    across(share(0, along(0, codes, point * dim))),
    down(hasOneAxis() ? 1 - point / Math.max(points - 1, 1) : 1 - share(1, along(1, codes, point * dim))),
  ];
  /** @param {number} point */
  const onMap = (point) => {
    const [x, y] = /** @type {Float32Array} */ (map).subarray(2 * point, 2 * point + 2);
    return [across((x + 1) / 2), down((1 - y) / 2)];
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

  function displace() {
    cells = null;
    arePlaced = false;
  }

  /** The x and y of each point. */
  function placed() {
    if (arePlaced) return places;
    arePlaced = true;
    for (let point = 0; point < points; point++) {
      const [x, y] = isMap ? onMap(point) : onAxes(point);
      places[2 * point] = x;
      places[2 * point + 1] = y;
    }
    return places;
  }

  function intoCells() {
    /** @type {Map<number, number[]>} */
    const found = new Map();
    for (let point = 0; point < points; point++) {
      const key = (placed()[2 * point] >> CELL_BITS) * CELLS_A_ROW + (placed()[2 * point + 1] >> CELL_BITS);
      const cell = found.get(key);
      if (cell) cell.push(point);
      else found.set(key, [point]);
    }
    return found;
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
      if (!isShown(point)) continue;
      const apart = (placed()[2 * point] - x) ** 2 + (placed()[2 * point + 1] - y) ** 2;
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
    cells ??= intoCells();
    for (let column = -1; column <= 1; column++) {
      for (let row = -1; row <= 1; row++) {
        yield* cells.get(((x >> CELL_BITS) + column) * CELLS_A_ROW + (y >> CELL_BITS) + row) ?? [];
      }
    }
  }

  /**
   * Write the latents moved along the axes to `into`.
   *
   * @param {Code} latents
   * @param {Float32Array} into
   * @param {(axis: number, now: number) => number} to where along an axis, of where they are now
   */
  function movedTo(latents, into, to) {
    const by = axes.rows.map((_, axis) => {
      const now = along(axis, latents);
      return to(axis, now) - now;
    });
    into.set(latents);
    axes.steps.forEach((step, axis) => {
      for (let latent = 0; latent < dim; latent++) into[latent] += by[axis] * step[latent];
    });
    return into;
  }

  const geometry = {
    /** The x and y of each point. */
    get placed() {
      return placed();
    },
    hasOneAxis,
    get width() {
      return width;
    },
    get height() {
      return height;
    },
    /** How many times larger than all of the plane what is shown is. */
    get zoomed() {
      return 1 / shown.size;
    },
    /** The lowest and the highest value along each axis. */
    get ranges() {
      if (isMap) return [MAP_RANGE, MAP_RANGE];
      return hasOneAxis() ? [axes.ranges[0], ORDER_RANGE] : axes.ranges;
    },
    /** From values along the axes to pixels: `scale[axis] * value + offset[axis]`. */
    get toPixels() {
      const [[left, right], [bottom, top]] = geometry.ranges;
      const scale = [width / shown.size / (right - left), -height / shown.size / (top - bottom)];
      return { scale, offset: [across(0) - scale[0] * left, down(1) - scale[1] * bottom] };
    },
    /**
     * Whether each place has a code of its own, and the plane shows all codes: not with more latents, where a place
     * has many codes, and most of them are far from those of images.
     */
    get isSlice() {
      return !isMap && dim <= 2;
    },
    /**
     * @param {View} view
     * @param {number[]} of the latents of the view "latents"
     */
    setView(view, of) {
      isMap = view === "map" && map !== null;
      axes = view === "principal" && plane ? principalAxes() : axesOfLatents(of);
      shown = { left: 0, top: 0, size: 1 };
      if (width) displace();
    },
    /**
     * @param {number} toWidth
     * @param {number} toHeight
     */
    resize(toWidth, toHeight) {
      width = toWidth;
      height = toHeight;
      displace();
    },
    /**
     * Show a part of the plane, larger or smaller, so that what is at a position stays there as far as possible.
     *
     * @param {number} times
     * @param {number} right 0 to 1, from the left
     * @param {number} below 0 to 1, from the top
     */
    zoomBy(times, right, below) {
      const size = clamp(shown.size / times, 1 / CLOSEST_ZOOM, 1);
      shown = {
        left: clamp(shown.left + right * (shown.size - size), 0, 1 - size),
        top: clamp(shown.top + below * (shown.size - size), 0, 1 - size),
        size,
      };
      displace();
    },
    /** The values at the two ends of an axis. @param {number} axis */
    ends(axis) {
      const low = axis === 0 ? shown.left : 1 - shown.top - shown.size;
      return [low, low + shown.size].map((end) => valueAt(axis, end));
    },
    /** @param {Code} code */
    x: (code) => (isMap ? onMap(nearestCode(code))[0] : across(share(0, along(0, code)))),
    /** @param {Code} code */
    y: (code) => (isMap ? onMap(nearestCode(code))[1] : down(hasOneAxis() ? 0.5 : 1 - share(1, along(1, code)))),
    /**
     * Write the latents at a position to `into`: those of `latents`, moved along the two axes. On the map they are the
     * code of the nearest point.
     *
     * @param {number} right 0 to 1, from the left
     * @param {number} below 0 to 1, from the top
     * @param {Code} latents
     * @param {Float32Array} into
     */
    latentsAt(right, below, latents, into) {
      if (isMap) {
        const point = nearestOf(Array(points).keys(), right * width, below * height, Infinity);
        into.set(point < 0 ? latents : codes.subarray(point * dim, (point + 1) * dim));
        return into;
      }
      const shares = [shown.left + right * shown.size, 1 - shown.top - below * shown.size];
      return movedTo(latents, into, (axis) => valueAt(axis, shares[axis]));
    },
    /**
     * Write the latents moved along the axes, in their units, to `into`; on the map, the code of the next point there.
     *
     * @param {number} right
     * @param {number} up
     * @param {Code} latents
     * @param {Float32Array} into
     */
    moved(right, up, latents, into) {
      if (isMap) {
        const here = nearestCode(latents);
        const ahead = Array.from(Array(points).keys()).filter((point) => {
          const [x, y] = [placed()[2 * point] - placed()[2 * here], placed()[2 * here + 1] - placed()[2 * point + 1]];
          // within 45 degrees of the direction
          return x * right + y * up > 0 && Math.abs(x * up - y * right) <= Math.abs(x * right + y * up);
        });
        const next = nearestOf(ahead, placed()[2 * here], placed()[2 * here + 1], Infinity);
        const point = next < 0 ? here : next;
        into.set(codes.subarray(point * dim, (point + 1) * dim));
        return into;
      }
      return movedTo(latents, into, (axis, now) => {
        // not beyond the plane
        const [low, high] = axes.ranges[axis];
        return clamp(now + (axis ? up : right), Math.min(low, now), Math.max(high, now));
      });
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
    /** The points within a polygon, whose corners are in pixels. @param {number[][]} corners */
    within(corners) {
      const inside = (/** @type {number} */ x, /** @type {number} */ y) => {
        let odd = false;
        corners.forEach(([x1, y1], corner) => {
          const [x2, y2] = corners[(corner + 1) % corners.length];
          if (y1 > y !== y2 > y && x < x1 + ((y - y1) / (y2 - y1)) * (x2 - x1)) odd = !odd;
        });
        return odd;
      };
      return Array.from(Array(points).keys()).filter(
        (point) => isShown(point) && inside(placed()[2 * point], placed()[2 * point + 1]),
      );
    },
    /** @param {number} point */
    placeOf: (point) => (isMap ? onMap(point) : onAxes(point)),
    /**
     * The ellipse of one deviation of a normal distribution: its middle, its half axes and the angle of the longer one.
     * Null where there are no two axes.
     *
     * @param {Code} mean
     * @param {ArrayLike<number>} deviations of the latents
     */
    ellipse(mean, deviations) {
      if (isMap || hasOneAxis()) return null;
      const [rightwards, downwards] = [width, -height].map((size, axis) => {
        const [low, high] = axes.ranges[axis];
        return size / (high - low) / shown.size;
      });
      let [xx, xy, yy] = [0, 0, 0];
      for (let latent = 0; latent < dim; latent++) {
        const x = rightwards * axes.rows[0][latent] * deviations[latent];
        const y = downwards * axes.rows[1][latent] * deviations[latent];
        xx += x * x;
        xy += x * y;
        yy += y * y;
      }
      const middle = (xx + yy) / 2;
      const apart = Math.hypot((xx - yy) / 2, xy);
      return {
        x: geometry.x(mean),
        y: geometry.y(mean),
        long: Math.sqrt(middle + apart),
        short: Math.sqrt(Math.max(middle - apart, 0)),
        angle: Math.atan2(xy, (xx - yy) / 2) / 2,
      };
    },
    /**
     * Of each of a number of tiles, row by row, the point nearest to its centre, or -1 where none is inside.
     *
     * @param {number} columns
     * @param {number} rows
     */
    pointsOfTiles(columns, rows) {
      const found = new Int32Array(columns * rows).fill(-1);
      const shortest = new Float32Array(columns * rows).fill(Infinity);
      for (let point = 0; point < points; point++) {
        const right = (placed()[2 * point] / width) * columns;
        const below = (placed()[2 * point + 1] / height) * rows;
        if (!isShown(point) || right < 0 || right >= columns || below < 0 || below >= rows) continue;
        const tile = Math.floor(below) * columns + Math.floor(right);
        const apart = (right - Math.floor(right) - 0.5) ** 2 + (below - Math.floor(below) - 0.5) ** 2;
        if (apart >= shortest[tile]) continue;
        shortest[tile] = apart;
        found[tile] = point;
      }
      return found;
    },
  };
  return geometry;
}

/** @typedef {ReturnType<typeof makeGeometry>} Geometry */
