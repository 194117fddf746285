// All frames in a row: drag along it, click one, or use the slider under it.

import { clamp, h } from "./dom.js";

export function makeFilmstrip({ header, numbers, parts, painter, thumbnail, decodeLevels, onpick }) {
  const [height, width] = header.imageShape;
  const word = header.isVideo ? "Frame" : "Image";
  const high = 64, wide = Math.max(Math.round((high * width) / height), 8);
  const strip = h("canvas", { class: "strip", onpointerdown: onPress, "aria-hidden": "true" });
  const said = h("output", { class: "value" });
  const range = h("input", {
    type: "range", class: "range plain", min: 0, max: Math.max(header.points - 1, 1), step: 1, value: 0, "aria-label": word,
    oninput: () => onpick(Number(range.value)),
  });
  const element = h("div", { class: "filmstrip" }, strip, h("div", { class: "slider" }, h("div", { class: "slider-head" }, h("span", { class: "name" }, `${word}s`), said), range));
  const tile = document.createElement("canvas");
  let chosen = null, size = 0, ratio = 1;

  const middle = () => chosen ?? Math.floor(Number(range.value));

  function draw() {
    if (!size) return;
    const context = strip.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, size, high);
    context.imageSmoothingEnabled = height > high * ratio;
    const many = Math.ceil(size / wide) + 1;
    const first = firstShown();
    for (let place = 0; place < many; place++) {
      const point = first + place;
      if (point < 0 || point >= header.points) continue;
      painter(tile, thumbnail(point) ?? decodeLevels(point));
      context.globalAlpha = chosen === null || point === chosen ? 1 : 0.62;
      context.drawImage(tile, place * wide, 0, wide, high);
    }
    context.globalAlpha = 1;
    if (chosen !== null) {
      context.strokeStyle = getComputedStyle(element).getPropertyValue("color");
      context.lineWidth = 2;
      context.strokeRect((chosen - first) * wide + 1, 1, wide - 2, high - 2);
    }
  }

  function firstShown() {
    const fit = Math.floor(size / wide);
    return clamp(middle() - (fit >> 1), 0, Math.max(header.points - fit, 0));
  }

  function onPress(event) {
    const point = firstShown() + Math.floor((event.clientX - strip.getBoundingClientRect().left) / wide);
    if (point >= 0 && point < header.points) onpick(point);
  }

  function show(point) {
    chosen = point;
    if (point !== null) range.value = String(point);
    const number = point === null ? "" : `${word} ${(numbers[point] + 1).toLocaleString("en")} of ${header.images.toLocaleString("en")}`;
    said.textContent = point === null ? `${header.images.toLocaleString("en")} in all` : `${number}, ${header.parts[parts[point]]}`;
    range.setAttribute("aria-valuetext", number || "none chosen");
    draw();
  }

  new ResizeObserver(() => {
    size = strip.getBoundingClientRect().width;
    ratio = Math.min(devicePixelRatio || 1, 3);
    strip.width = Math.round(size * ratio);
    strip.height = Math.round(high * ratio);
    draw();
  }).observe(strip);
  show(null);
  return { element, show, redraw: draw };
}
