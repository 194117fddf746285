// The plane: decoded faces in the background, a veil where the model guesses, codes as points, and the current code. Each
// layer is a canvas, and dragging redraws only the topmost one. So it stays smooth with a hundred
// thousand points.

import { colourOf, contextOf } from "../canvas.js";
import { clamp } from "../clamp.js";
import { h } from "../dom.js";
import { signed } from "../text.js";
import { oncePerFrame } from "../timing.js";
import { makeBackground } from "./background.js";
import { makeCard } from "./card.js";
import { makeCloudLayer } from "./cloud_layer.js";
import { drawDots } from "./dots.js";
import { makeGeometry } from "./geometry.js";
import { makeGestures } from "./gestures.js";
import { drawOverlay } from "./overlay.js";

/** @import { Cloud } from "../cloud/cloud.js" */
/** @import { Model } from "../model.js" */
/** @import { Points } from "../points.js" */
/** @import { Served } from "../served.js" */
/** @import { Bundle, Code, View } from "../types.js" */
/** @import { Marks, Theme } from "./overlay.js" */
/** @import { CloudLayer } from "./cloud_layer.js" */
/** @typedef {"faces" | "points" | "veil" | "contours"} Layer */

/**
 * @param {object} options
 * @param {Bundle} options.bundle
 * @param {Model} options.model
 * @param {Points} options.points
 * @param {Served | null} options.served
 * @param {(latents: Float32Array) => void} options.onmove called while the user drags
 * @param {(point: number) => void} options.onpick
 * @param {(number: number) => void} options.onpicknumber called with the number of an image whose code the page lacks
 * @param {(points: number[]) => void} options.onlasso called with the shown points within a lasso
 */
export function makePlane({ bundle, model, points, served, onmove, onpick, onpicknumber, onlasso }) {
  const { header } = bundle;
  const latents = new Float32Array(header.latents.count);
  const geometry = makeGeometry(bundle, points.isShown);
  const background = makeBackground({ header, model, points, geometry, served });
  const card = makeCard({ points, geometry, served });
  const dots = h("canvas", { class: "layer" });
  const over = h("canvas", { class: "layer" });
  let names = header.latents.names;
  /** @type {View} */
  let view = "latents";
  let axes = header.latents.axes;
  let colour = "part";
  let arePointsShown = true;
  let isLasso = false;
  const isShown = { faces: true, veil: true };
  // points from `header.points` on are those of the cloud alone, whose codes the page lacks
  let hovered = -1;
  /** @type {Cloud | null} */
  let cloud = null;
  /** @type {CloudLayer | null} */
  let all = null;
  let ratio = 1; // device pixels per CSS pixel
  /** @type {Marks} */
  let marks = { frame: null, own: null, lines: [], posterior: null, lasso: [] };
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
        isLasso: () => isLasso,
        onlasso: drawLasso,
        onmove,
        near,
        onpick: (point) => (point < header.points ? onpick(point) : onpicknumber(numberOf(point))),
        onhover: hover,
        onzoom: zoom,
        onzoomhere: zoomHere,
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

  function paintDots({ isMoving = false } = {}) {
    if (!geometry.width) return;
    clear(dots);
    if (arePointsShown && !all?.isDrawn) drawDots(dots, { count: header.points, points, geometry, ratio, colour });
    all?.draw(theme, arePointsShown, isMoving);
  }

  /** The image of a point of the cloud. @param {number} point */
  const numberOf = (point) => /** @type {Cloud} */ (cloud).numberOf(point - header.points);

  /** The place of a point, which may be one of the cloud. @param {number} point */
  const placeOf = (point) =>
    point < header.points ? geometry.placeOf(point) : /** @type {CloudLayer} */ (all).placeOf(point - header.points);

  /**
   * The nearest point that is drawn, or -1.
   *
   * @param {number} x
   * @param {number} y
   * @param {number} within in pixels
   */
  function near(x, y, within) {
    if (!all?.isThere || !cloud || !served?.has("pictures") || !model.encode) {
      return within === Infinity ? geometry.nearest(x, y) : geometry.near(x, y, within);
    }
    let found = -1;
    const most = Math.min(within, 2 * Math.hypot(geometry.width, geometry.height));
    for (let reach = Math.min(most, 16); found < 0 && reach <= most; reach *= 4) found = all.near(x, y, reach);
    if (found < 0) return found;
    const held = points.pointOf(cloud.numberOf(found));
    return held < 0 ? header.points + found : held;
  }

  function paintOver() {
    if (!geometry.width) return;
    clear(over);
    const place = hovered < 0 ? null : placeOf(hovered);
    drawOverlay(over, { geometry, latents, marks, hovered: place, theme });
  }
  const paintOverSoon = oncePerFrame(paintOver);

  function readTheme() {
    const [ink, paper, accent] = ["--ink", "--paper", "--accent"].map((name) => `rgb(${colourOf(element, name)})`);
    theme = { ink, paper, accent };
  }

  function redraw() {
    if (!geometry.width) return;
    readTheme();
    all?.colour(colour);
    redrawAll();
  }

  function redrawAll({ isMoving = false } = {}) {
    paintDots({ isMoving });
    paintOver();
    background.draw();
  }

  /** @type {(corners: number[][], isDone: boolean) => void} */
  function drawLasso(corners, isDone) {
    marks = { ...marks, lasso: corners };
    paintOverSoon();
    if (isDone) onlasso(geometry.within(corners));
  }

  /** @type {(times: number, right: number, below: number) => void} */
  function zoom(times, right, below) {
    geometry.zoomBy(times, right, below);
    marks = { ...marks, lasso: [] };
    label();
    redrawAll({ isMoving: true });
  }

  /** Zoom about the current code. @param {number} times */
  function zoomHere(times) {
    const [x, y] = [geometry.x(latents) / geometry.width, geometry.y(latents) / geometry.height];
    zoom(times, clamp(x, 0, 1), clamp(y, 0, 1));
  }

  function label() {
    const { word } = points;
    const { explained = [0, 0] } = header.plane ?? {};
    /** @type {(share: number) => string} */
    const percent = (share) => `${Math.round(100 * share)} %`;
    /** @type {Record<View, string[]>} */
    const named = {
      latents: geometry.hasOneAxis() ? [names[axes[0]], "order"] : axes.map((axis) => names[axis]),
      principal: explained.map((share, axis) => `${["first", "second"][axis]} component, ${percent(share)}`),
      map: [`${header.map}, across`, `${header.map}, up`],
    };
    const [across, up] = named[view];
    /** @type {(axis: number) => string[]} */
    const ends = (axis) => {
      const [low, high] = geometry.ends(axis);
      // as many digits as tell the ends of what is zoomed in on apart
      const digits = Math.max(1, Math.ceil(1 - Math.log10(high - low || 1)));
      return [low, high].map((value) => signed(value, value % 1 ? digits : 0));
    };
    [xLow.textContent, xHigh.textContent] = view === "map" ? ["", ""] : ends(0);
    [yLow.textContent, yHigh.textContent] =
      view === "map" ? ["", ""] : geometry.hasOneAxis() ? ["first", "last"] : ends(1);
    xName.textContent = across;
    yName.textContent = up;
    const what = {
      latents: `Plane of ${across} and ${geometry.hasOneAxis() ? `the order of the ${word}s` : up}`,
      principal: "Plane of the two principal components of the codes",
      map: `Map of the ${word}s by ${header.map}`,
    }[view];
    board.setAttribute(
      "aria-label",
      `${what}. Arrow keys move, plus and minus zoom, Enter goes to the nearest ${word}.`,
    );
  }

  function showBackground() {
    background.faces.hidden = !isShown.faces;
    background.faces.classList.toggle("faint", !geometry.isSlice);
    background.veil.hidden = !geometry.isSlice || !isShown.veil;
  }

  /** @param {number} point */
  function hover(point) {
    if (point === hovered) return;
    hovered = point;
    paintOverSoon();
    board.classList.toggle("aiming", point >= 0);
    if (point >= header.points) card.showNumber(numberOf(point), placeOf(point));
    else card.show(point);
  }

  new ResizeObserver(() => {
    const box = board.getBoundingClientRect();
    if (!box.width) return;
    ratio = Math.min(devicePixelRatio || 1, 3);
    for (const canvas of [dots, over]) {
      canvas.width = Math.round(box.width * ratio);
      canvas.height = Math.round(box.height * ratio);
    }
    all?.resize(box.width, box.height, ratio);
    background.smooth(box.width * ratio);
    const isFirst = !geometry.width;
    geometry.resize(box.width, box.height);
    if (isFirst) return redraw();
    paintDots();
    paintOver();
  }).observe(board);

  label();
  return {
    element,
    redraw,
    /** Draw the images again, where they are those of the points that are shown. */
    redrawImages() {
      if (geometry.width && !geometry.isSlice) background.draw();
    },
    placeOf: geometry.placeOf,
    /** Show the current code. @param {Code} now */
    show(now) {
      latents.set(now);
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
    /**
     * @param {View} to
     * @param {number[]} of the latents of the view "latents"
     */
    setView(to, of) {
      view = to;
      axes = of;
      geometry.setView(to, of);
      all?.setView(to);
      marks = { ...marks, lasso: [] };
      showBackground();
      label();
      redraw();
    },
    /** Whether dragging draws a lasso. @param {boolean} on */
    setLasso(on) {
      isLasso = on;
      board.classList.toggle("lasso", on);
      if (!on) drawLasso([], false);
    },
    /** Show all images of the run as points. @param {Cloud} these */
    setCloud(these) {
      cloud = these;
      all = makeCloudLayer({ cloud, header, geometry });
      dots.after(all.element);
      all.resize(geometry.width, geometry.height, ratio);
      all.setView(view);
      background.setCloud(all, cloud);
      redraw();
    },
    zoom: zoomHere,
    /** @param {string} to */
    setColour(to) {
      colour = to;
      all?.colour(colour);
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
      } else if (layer === "contours") {
        if (all) all.contoursShown = on;
        paintDots();
      } else {
        isShown[layer] = on;
        showBackground();
      }
    },
  };
}
