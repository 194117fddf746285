// Reads the file of all points that Python wrote (`all_points.py`).

import { ExplorerError, damaged } from "../errors.js";

/** @import { View } from "../types.js" */

const FORMAT = 1;
const NEWLINE = 10;

/**
 * All images of a run, as points.
 *
 * @typedef {object} CloudData
 * @property {number} count of the points
 * @property {number} images of the run
 * @property {Int32Array} numbers the image of each point, counted from 0
 * @property {Partial<Record<View, Float32Array>>} views the x and y of each point, by what the plane shows
 * @property {Uint8Array} parts 0 for training
 * @property {Record<string, Uint8Array>} columns the group of each point, by what tells the groups apart
 */

/**
 * @param {ArrayBuffer} buffer
 * @returns {CloudData}
 */
export function readCloud(buffer) {
  const bytes = new Uint8Array(buffer);
  const end = bytes.indexOf(NEWLINE) + 1;
  let header;
  try {
    header = JSON.parse(new TextDecoder().decode(bytes.subarray(0, end)));
  } catch {
    throw damaged("points");
  }
  if (header.format !== FORMAT) {
    throw new ExplorerError(`The points have format ${header.format}, but the page's script reads ${FORMAT}.`);
  }
  const { points: count, images } = header;
  if (buffer.byteLength !== end + count * (4 + 8 * header.views.length + header.columns.length))
    throw damaged("points");
  let at = end;
  const numbers = new Int32Array(buffer, at, count);
  at += 4 * count;
  /** @type {CloudData["views"]} */
  const views = {};
  for (const view of /** @type {View[]} */ (header.views)) {
    views[view] = new Float32Array(buffer, at, 2 * count);
    at += 8 * count;
  }
  /** @type {Record<string, Uint8Array>} */
  const columns = {};
  for (const name of header.columns) {
    columns[name] = new Uint8Array(buffer, at, count);
    at += count;
  }
  return { count, images, numbers, views, parts: columns.parts, columns };
}
