// All images in a row. Click one, or use the slider below them.

import { contextOf } from "../canvas.js";
import { clamp } from "../clamp.js";
import { h } from "../dom.js";
import { capital, whole } from "../text.js";

/** @import { Points } from "../points.js" */
/** @import { Header } from "../types.js" */

const HIGH = 64; // CSS pixels

/** @param {{ header: Header, points: Points, onpick: (point: number) => void }} options */
export function makeFilmstrip({ header, points, onpick }) {
  const [height, width] = header.imageShape;
  const word = capital(points.word);
  const wide = Math.max(Math.round((HIGH * width) / height), 8);
  const strip = h("canvas", { class: "strip", onpointerdown: onPress, "aria-hidden": "true" });
  const said = h("output", { class: "value" });
  const range = h("input", {
    type: "range",
    class: "range plain",
    min: 0,
    max: Math.max(header.points - 1, 1),
    step: 1,
    value: 0,
    "aria-label": word,
    oninput: () => onpick(Number(range.value)),
  });
  const head = h("div", { class: "slider-head" }, h("span", { class: "name" }, `${word}s`), said);
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

  function draw() {
    if (!size) return;
    const context = contextOf(strip);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, size, HIGH);
    context.imageSmoothingEnabled = height > HIGH * ratio;
    const many = Math.ceil(size / wide) + 1;
    const first = firstShown();
    for (let place = 0; place < many; place++) {
      const point = first + place;
      if (point < 0 || point >= header.points) continue;
      points.painter(tile, points.levelsOf(point));
      context.globalAlpha = chosen === null || point === chosen ? 1 : 0.62;
      context.drawImage(tile, place * wide, 0, wide, HIGH);
      context.globalAlpha = 1;
      if (points.original(point)) continue;
      context.fillStyle = getComputedStyle(element).getPropertyValue("--held-out");
      context.fillRect(place * wide + 1, HIGH - 4, wide - 2, 4);
    }
    if (chosen !== null) {
      context.strokeStyle = getComputedStyle(element).getPropertyValue("color");
      context.lineWidth = 2;
      context.strokeRect((chosen - first) * wide + 1, 1, wide - 2, HIGH - 2);
    }
  }

  function firstShown() {
    const fit = Math.floor(size / wide);
    const middle = chosen ?? Math.floor(Number(range.value));
    return clamp(middle - (fit >> 1), 0, Math.max(header.points - fit, 0));
  }

  /** @param {PointerEvent} event */
  function onPress(event) {
    const point = firstShown() + Math.floor((event.clientX - strip.getBoundingClientRect().left) / wide);
    if (point >= 0 && point < header.points) onpick(point);
  }

  /** @param {number | null} point */
  function show(point) {
    chosen = point;
    if (point === null) {
      said.textContent = `${whole(header.images)} in all`;
      range.setAttribute("aria-valuetext", "none chosen");
    } else {
      const number = `${word} ${points.numberOf(point)} of ${whole(header.images)}`;
      range.value = String(point);
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
  return { element, show, redraw: draw };
}
