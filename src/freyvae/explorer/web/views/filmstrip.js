// All images in a row, in their own order, or sorted by the error of their reconstruction, or by a score. Click one, use the slider below
// them, or search for a file or a number.

import { colourOf, contextOf, shownAspect } from "../canvas.js";
import { clamp } from "../clamp.js";
import { h } from "../dom.js";
import { capital, some, whole, wholeIn } from "../text.js";

/** @import { Points } from "../points.js" */
/** @import { Header } from "../types.js" */

const HIGH = 64; // CSS pixels

/**
 * @param {object} options
 * @param {Header} options.header
 * @param {Points} options.points
 * @param {(point: number) => void} options.onpick
 * @param {((number: number) => void) | null} options.onpicknumber called with the number, from 0, of an image that the page
 *   lacks and the server has; null without a server
 * @param {(point: number) => number | null} options.errorOf the error of an image's reconstruction, null without its pixels
 */
export function makeFilmstrip({ header, points, onpick, onpicknumber, errorOf }) {
  const [height] = header.imageShape;
  const word = capital(points.word);
  const images = header.sampleOf || header.images;
  const wide = Math.max(Math.round(HIGH * shownAspect(header)), 8);
  const strip = h("canvas", { class: "strip", onclick: onPress, "aria-hidden": "true" });
  const said = h("output", { class: "value", "aria-live": "off" });
  const range = h("input", {
    type: "range",
    class: "range plain",
    min: 0,
    max: Math.max(header.points - 1, 1),
    step: 1,
    value: 0,
    "aria-label": word,
    oninput: () => {
      const point = order[Number(range.value)];
      if (point !== undefined) onpick(point);
    },
  });
  const search = h("input", {
    type: "search",
    class: "field",
    placeholder: points.hasFiles ? "file or number" : "number",
    "aria-label": `Find ${some(points.word)}`,
    onkeydown: (event) => event.key === "Enter" && find(),
  });
  const sort = h(
    "select",
    { "aria-label": `Order of the ${points.word}s`, onchange: () => sortBy(sort.value) },
    h("option", { value: "" }, header.isVideo ? "in time" : "in order"),
    h("option", { value: "error" }, "by error, the largest first"),
    header.score ? h("option", { value: "score" }, `by ${header.score}, the largest first`) : null,
  );
  const head = h("div", { class: "slider-head" }, h("span", { class: "name" }, `${word}s`), search, sort, said);
  const all = Array.from({ length: header.points }, (_, point) => point);
  let order = all;
  const { frames } = header;
  const marked =
    frames < header.points
      ? h(
          "p",
          { class: "hint" },
          h("span", { class: "key reconstructed" }, "reconstructed"),
          `: the page holds the pixels of ${whole(frames)} ${points.word}s, and of the others the codes.`,
        )
      : null;
  const element = h("div", { class: "filmstrip" }, strip, h("div", { class: "slider" }, head, range), marked);
  const tile = document.createElement("canvas");
  /** @type {number | null} */
  let chosen = null;
  let size = 0;
  let ratio = 1;

  function find() {
    const found = points.find(search.value, chosen ?? -1);
    const number = wholeIn(search.value) - 1;
    if (found < 0 && onpicknumber && number >= 0 && number < images) {
      search.setCustomValidity("");
      onpicknumber(number);
      return;
    }
    search.setCustomValidity(found < 0 ? `No ${points.word} has it` : "");
    search.reportValidity();
    if (found >= 0) onpick(found);
  }

  /** Sort by score, or by error: then those whose pixels the page holds. @param {string} by */
  function sortBy(by) {
    const valueOf = by === "error" ? errorOf : by === "score" ? points.scoreOf : () => 0;
    const values = new Map(all.map((point) => [point, valueOf(point)]));
    order = all.filter((point) => values.get(point) !== null);
    if (by) order.sort((a, b) => Number(values.get(b)) - Number(values.get(a)));
    range.max = String(Math.max(order.length - 1, 1));
    range.value = "0";
    show(chosen);
  }

  function draw() {
    if (!size) return;
    const context = contextOf(strip);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, size, HIGH);
    context.imageSmoothingEnabled = height > HIGH * ratio;
    const mark = marked && `rgb(${colourOf(element, "--held-out")})`;
    const many = Math.ceil(size / wide) + 1;
    const first = firstShown();
    for (let place = 0; place < many; place++) {
      const point = order[first + place];
      if (point === undefined) continue;
      points.painter(tile, points.levelsOf(point));
      context.globalAlpha = chosen === null || point === chosen ? 1 : 0.62;
      context.drawImage(tile, place * wide, 0, wide, HIGH);
      context.globalAlpha = 1;
      if (!mark || points.original(point)) continue;
      context.fillStyle = mark;
      context.fillRect(place * wide + 1, HIGH - 4, wide - 2, 4);
    }
    const place = chosen === null ? -1 : order.indexOf(chosen);
    if (place >= 0) {
      context.strokeStyle = getComputedStyle(element).getPropertyValue("color");
      context.lineWidth = 2;
      context.strokeRect((place - first) * wide + 1, 1, wide - 2, HIGH - 2);
    }
  }

  function firstShown() {
    const fit = Math.floor(size / wide);
    return clamp(Number(range.value) - (fit >> 1), 0, Math.max(order.length - fit, 0));
  }

  /** @param {MouseEvent} event */
  function onPress(event) {
    const point = order[firstShown() + Math.floor((event.clientX - strip.getBoundingClientRect().left) / wide)];
    if (point !== undefined) onpick(point);
  }

  /** @param {number | null} point */
  function show(point) {
    chosen = point;
    if (point === null) {
      said.textContent = `${whole(images)} in all`;
      range.setAttribute("aria-valuetext", "none chosen");
    } else {
      const number = `${word} ${points.numberOf(point)} of ${whole(images)}`;
      const place = order.indexOf(point);
      if (place >= 0) range.value = String(place);
      const kind = points.original(point) ? "" : ", reconstructed";
      said.textContent = `${number}, ${points.partOf(point)}${points.labelOf(point)}${kind}`;
      range.setAttribute("aria-valuetext", number);
    }
    draw();
  }

  new ResizeObserver(() => {
    size = strip.getBoundingClientRect().width;
    ratio = Math.min(devicePixelRatio || 1, 3);
    strip.width = Math.round(size * ratio);
    strip.height = Math.round(HIGH * ratio);
    draw();
  }).observe(strip);
  show(null);
  return {
    element,
    show,
    redraw: draw,
    /** When there are other pixels than before. */
    sortAgain: () => (sort.value ? sortBy(sort.value) : draw()),
  };
}
