// The plane of two latents: decoded faces in the background, a veil where the model guesses, codes as points, and the
// current code. Each layer is a canvas, and dragging redraws only the topmost one. So it stays smooth with a hundred
// thousand points.

import { colourOf, contextOf } from "../canvas.js";
import { h } from "../dom.js";
import { signed } from "../text.js";
import { oncePerFrame } from "../timing.js";
import { makeBackground } from "./background.js";
import { makeCard } from "./card.js";
import { drawDots } from "./dots.js";
import { makeGeometry } from "./geometry.js";
import { makeGestures } from "./gestures.js";
import { drawOverlay } from "./overlay.js";

/** @import { Model } from "../model.js" */
/** @import { Points } from "../points.js" */
/** @import { Bundle, Code } from "../types.js" */
/** @import { Marks, Theme } from "./overlay.js" */
/** @typedef {"faces" | "points" | "veil"} Layer */

/**
 * @param {object} options
 * @param {Bundle} options.bundle
 * @param {Model} options.model
 * @param {Points} options.points
 * @param {(latents: Float32Array) => void} options.onmove called while the user drags
 * @param {(point: number) => void} options.onpick
 */
export function makePlane({ bundle, model, points, onmove, onpick }) {
  const { header } = bundle;
  const latents = new Float32Array(header.latents.count);
  const geometry = makeGeometry(bundle);
  const background = makeBackground({ header, model, geometry, latents });
  const card = makeCard({ points, geometry });
  const dots = h("canvas", { class: "layer" });
  const over = h("canvas", { class: "layer" });
  let names = header.latents.names;
  let colour = "part";
  let arePointsShown = true;
  const isShown = { faces: true, veil: true };
  let hovered = -1;
  let ratio = 1; // device pixels per CSS pixel
  /** @type {Marks} */
  let marks = { frame: null, own: null, lines: [] };
  /** @type {Theme} */
  let theme = { ink: "", paper: "", accent: "" };

  const board = h(
    "div",
    {
      class: "board",
      tabindex: "0",
      role: "application",
      "aria-roledescription": "plane",
      ...makeGestures({
        header: header.latents,
        geometry,
        latents,
        arePointsShown: () => arePointsShown,
        onmove,
        onpick,
        onhover: hover,
      }),
    },
    background.faces,
    background.veil,
    dots,
    over,
    card.element,
  );
  board.style.aspectRatio = background.aspectRatio;
  const [xLow, xHigh, yLow, yHigh] = Array.from({ length: 4 }, () => h("span"));
  const xName = h("span", { class: "axis-name" });
  const yName = h("span", { class: "axis-name" });
  const element = h(
    "div",
    { class: "plane" },
    h("div", { class: "axis axis-y", "aria-hidden": "true" }, yHigh, yName, yLow),
    board,
    h("div", { class: "axis axis-x", "aria-hidden": "true" }, xLow, xName, xHigh),
  );

  /** @param {HTMLCanvasElement} canvas */
  function clear(canvas) {
    const context = contextOf(canvas);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, geometry.width, geometry.height);
  }

  function paintDots() {
    if (!geometry.width) return;
    clear(dots);
    if (arePointsShown) drawDots(dots, { count: header.points, points, geometry, ratio, colour });
  }

  function paintOver() {
    if (!geometry.width) return;
    clear(over);
    drawOverlay(over, { geometry, latents, marks, hovered, theme });
  }
  const paintOverSoon = oncePerFrame(paintOver);

  function readTheme() {
    const [ink, paper, accent] = ["--ink", "--paper", "--accent"].map((name) => `rgb(${colourOf(element, name)})`);
    theme = { ink, paper, accent };
  }

  function redraw() {
    readTheme();
    paintDots();
    paintOver();
    if (!geometry.isMap) background.draw();
  }

  function label() {
    const { plane: reach } = header.latents;
    const edge = signed(reach, reach % 1 ? 1 : 0);
    if (geometry.isMap) {
      for (const end of [xLow, xHigh, yLow, yHigh]) end.textContent = "";
      xName.textContent = `${header.map}, across`;
      yName.textContent = `${header.map}, up`;
      board.setAttribute("aria-label", `Map of the ${points.word}s. Enter goes to the nearest ${points.word}.`);
      return;
    }
    const [across, up] = geometry.axes.map((axis) => names[axis]);
    xLow.textContent = `−${edge}`;
    xHigh.textContent = edge;
    xName.textContent = across;
    yLow.textContent = geometry.hasOneAxis() ? "first" : `−${edge}`;
    yHigh.textContent = geometry.hasOneAxis() ? "last" : edge;
    yName.textContent = geometry.hasOneAxis() ? "order" : up;
    const other = geometry.hasOneAxis() ? "the order of the images" : up;
    board.setAttribute(
      "aria-label",
      `Plane of ${across} and ${other}. Arrow keys move, Enter goes to the nearest ${points.word}.`,
    );
  }

  // the map has no background: between its points there are no codes
  function showBackground() {
    background.faces.hidden = geometry.isMap || !isShown.faces;
    background.veil.hidden = geometry.isMap || !isShown.veil;
  }

  /** @param {number} point */
  function hover(point) {
    if (point === hovered) return;
    hovered = point;
    paintOverSoon();
    board.classList.toggle("aiming", point >= 0);
    card.show(point);
  }

  new ResizeObserver(() => {
    const box = board.getBoundingClientRect();
    if (!box.width) return;
    ratio = Math.min(devicePixelRatio || 1, 3);
    for (const canvas of [dots, over]) {
      canvas.width = Math.round(box.width * ratio);
      canvas.height = Math.round(box.height * ratio);
    }
    background.smooth(box.width * ratio);
    geometry.resize(box.width, box.height);
    readTheme();
    paintDots();
    paintOver();
  }).observe(board);

  label();
  return {
    element,
    redraw,
    placeOf: geometry.placeOf,
    /** Show the current code. @param {Code} now */
    show(now) {
      latents.set(now);
      if (!geometry.isMap) background.follow();
      paintOverSoon();
    },
    /** @param {Partial<Marks>} changes */
    mark(changes) {
      marks = { ...marks, ...changes };
      paintOverSoon();
    },
    /** @param {string[]} to */
    rename(to) {
      names = to;
      label();
    },
    /** @param {number[]} to */
    setAxes(to) {
      geometry.setAxes(to);
      label();
      if (geometry.width) redraw();
    },
    /** @param {boolean} on */
    setMap(on) {
      geometry.setMap(on);
      showBackground();
      label();
      if (geometry.width) redraw();
    },
    /** @param {string} to */
    setColour(to) {
      colour = to;
      paintDots();
    },
    /**
     * @param {Layer} layer
     * @param {boolean} on
     */
    setShown(layer, on) {
      if (layer === "points") {
        arePointsShown = on;
        paintDots();
      } else {
        isShown[layer] = on;
        showBackground();
      }
    },
  };
}
