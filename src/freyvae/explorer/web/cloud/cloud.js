// All images of a run: which are shown, which is near a place, their colours and their density.

import { CELLS, makeGrid } from "./grid.js";
import { SHARES, levelsOf, segmentsAt, smoothed } from "./contours.js";

/** @import { State, View } from "../types.js" */
/** @import { CloudData } from "./read.js" */
/** @import { Grid } from "./grid.js" */

/** @param {CloudData} data */
export function makeCloud(data) {
  const { count, numbers, parts, columns, views } = data;
  const isHidden = new Uint8Array(count);
  /** @type {Partial<Record<View, Grid>>} */
  const grids = {};
  /** @type {View} */
  let view = "latents";
  /** @type {number[][]} */
  let ranges = [];
  /** @type {number[][] | null} */
  let lines = null;

  /** @param {number} point */
  const isShown = (point) => isHidden[point] === 0;
  const grid = () => /** @type {Grid} */ (grids[view]);

  /** Whether there are groups of a kind. @param {string} kind */
  const has = (kind) => kind === "part" || `${kind}s` in columns;
  /** The group of a point. @type {(kind: string, point: number) => number} */
  const groupOf = (kind, point) => (kind === "part" ? Number(parts[point] > 0) : (columns[`${kind}s`]?.[point] ?? 0));

  return {
    count,
    images: data.images,
    isShown,
    /** The image of a point, counted from 0. @param {number} point */
    numberOf: (point) => numbers[point],
    groupOf,
    /** @param {number} point */
    partOf: (point) => parts[point],
    has,
    /** The point of an image, or -1. @param {number} number */
    find: (number) => numbers.indexOf(number),
    /** The x and y of each point in the view. */
    get places() {
      return grid().places;
    },
    /**
     * Whether the points have places in a view, which is the one from now on if they do.
     *
     * @param {View} to
     * @param {number[][]} within the range of values along each axis
     */
    setView(to, within) {
      const places = views[to];
      if (!places) return false;
      view = to;
      ranges = within;
      grids[view] ??= makeGrid(places, ranges);
      lines = null;
      return true;
    },
    /** Hide groups. @param {State["hidden"]} hidden */
    hide(hidden) {
      isHidden.fill(0);
      for (const [kind, groups] of Object.entries(hidden)) {
        if (!groups.length || !has(kind)) continue;
        for (let point = 0; point < count; point++) if (groups.includes(groupOf(kind, point))) isHidden[point] = 1;
      }
      lines = null;
    },
    /** The shown point nearest to a place, or -1. @type {(x: number, y: number, within: number[]) => number} */
    near: (x, y, within) => grid().near(x, y, within, isShown),
    /** The density contours in the view's values, the outermost first: segments x1, y1, x2, y2. */
    get contours() {
      if (!lines) {
        const density = smoothed(grid().counts(isShown), CELLS);
        const [[left, right], [bottom, top]] = ranges;
        lines = levelsOf(density, SHARES).map((level) =>
          segmentsAt(density, CELLS, level).map((value, at) =>
            at % 2 ? bottom + (value / CELLS) * (top - bottom) : left + (value / CELLS) * (right - left),
          ),
        );
      }
      return lines;
    },
  };
}

/** @typedef {ReturnType<typeof makeCloud>} Cloud */
