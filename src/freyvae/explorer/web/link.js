// The state in a link: the current code, the names, the directions. It is in the fragment of the URL, which is never
// sent to a server.

import { clamp } from "./clamp.js";

/** @import { Kind, State, View } from "./types.js" */

const MOST_GROUPS = 12;
// images in a group
export const MOST_OF_GROUP = 200;
/** @type {Kind[]} */
const KINDS = ["part", "label", "group"];

/**
 * The fragment for a state. Default values are left out.
 *
 * @param {State} state
 * @param {State} defaults
 */
export function writeFragment(state, defaults) {
  const fields = new URLSearchParams();
  /** @type {(key: string, value: string) => void} */
  const put = (key, value) => {
    if (value) fields.set(key, value);
  };
  put("z", numbers(state.latents));
  if (state.names.some((name, index) => name !== defaults.names[index])) put("names", list(state.names));
  const axesAre = String(state.axes) === String(defaults.axes);
  if (!axesAre) put("axes", state.axes.join("."));
  if (!axesAre || state.view !== defaults.view) put("view", state.view);
  if (state.colour !== defaults.colour) put("colour", state.colour);
  for (const kind of KINDS) put(`hide-${kind}`, state.hidden[kind].join("."));
  if (state.frame !== null) put("frame", String(state.frame));
  for (const { name, more, less } of state.directions) {
    fields.append("direction", [encode(name), more.join("."), less.join(".")].join("~"));
  }
  put("this", state.more.join("."));
  put("that", state.less.join("."));
  if (state.path.from !== null || state.path.to !== null) {
    put("path", [state.path.from ?? "", state.path.to ?? "", state.path.at.toFixed(3)].join("~"));
  }
  // commas and tildes are allowed in a fragment, and readable
  return fields.toString().replaceAll("%2C", ",").replaceAll("%7E", "~");
}

/**
 * Read a fragment. Values that are missing, malformed or out of range are replaced by the defaults.
 *
 * @param {string} text
 * @param {State} defaults
 * @param {object} options
 * @param {number} options.points the number of points
 * @param {View[]} options.views what the plane can show
 * @returns {State}
 */
export function readFragment(text, defaults, { points, views }) {
  const fields = new URLSearchParams(text.replace(/^#/, ""));
  const state = structuredClone(defaults);
  const latents = (fields.get("z") ?? "").split(",").map((part) => (part.trim() === "" ? NaN : Number(part)));
  if (latents.length === defaults.latents.length && latents.every(Number.isFinite)) {
    state.latents = latents.map((value) => clamp(value, -1000, 1000));
    // the code of the image to begin with is still that image
    if (String(state.latents) !== String(defaults.latents)) state.frame = null;
  }
  const names = (fields.get("names") ?? "").split("~").map(decode);
  if (names.length === defaults.names.length) {
    state.names = names.map((name, index) => name.slice(0, 60) || defaults.names[index]);
  }
  const axes = indices(fields.get("axes"), defaults.latents.length);
  if (axes.length === defaults.axes.length && new Set(axes).size === axes.length) state.axes = axes;
  const view = viewOf(fields, defaults.view);
  if (views.includes(view)) state.view = view;
  const colour = fields.get("colour");
  if (colour && [...KINDS, "score", "time", "none"].includes(colour)) state.colour = colour;
  for (const kind of KINDS) state.hidden[kind] = indices(fields.get(`hide-${kind}`), MOST_GROUPS);
  const [frame] = indices(fields.get("frame"), points);
  if (frame !== undefined) state.frame = frame;
  for (const direction of fields.getAll("direction").slice(0, 20)) {
    const [name, more, less] = direction.split("~");
    const made = {
      name: decode(name ?? "").slice(0, 60) || "direction",
      more: indices(more, points),
      less: indices(less, points),
    };
    if (made.more.length && made.less.length) state.directions.push(made);
  }
  state.more = indices(fields.get("this"), points);
  state.less = indices(fields.get("that"), points);
  const [from, to, at] = (fields.get("path") ?? "").split("~");
  state.path.from = indices(from, points)[0] ?? null;
  state.path.to = indices(to, points)[0] ?? null;
  state.path.at = clamp(Number(at) || 0, 0, 1);
  return state;
}

/**
 * What the plane shows. Links of earlier versions say whether it is the map; without one it was two latents.
 *
 * @param {URLSearchParams} fields
 * @param {View} otherwise
 * @returns {View}
 */
function viewOf(fields, otherwise) {
  const view = fields.get("view");
  if (view !== null) return /** @type {View} */ (view);
  const map = fields.get("map");
  if (map === "yes") return "map";
  return map === "no" || (fields.has("axes") && otherwise !== "map") ? "latents" : otherwise;
}

/** @param {number[]} values */
const numbers = (values) => Array.from(values, (value) => String(Number(value.toPrecision(6)))).join(",");
/** @param {string} name */
const encode = (name) => encodeURIComponent(name).replaceAll("~", "%7E").replaceAll(".", "%2E");
/** @param {string[]} names */
const list = (names) => names.map(encode).join("~");

/** @param {string} text */
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}

/**
 * @param {string | null | undefined} text numbers separated by dots
 * @param {number} count the numbers are below it
 */
function indices(text, count) {
  if (!text) return [];
  return text
    .split(".")
    .filter((part) => /^\d+$/.test(part))
    .map(Number)
    .filter((index) => index < count)
    .slice(0, MOST_OF_GROUP);
}
