// The layer of all points and their density contours, where a served page has all images of a run.

import { colourOf, contextOf } from "../canvas.js";
import { clamp } from "../clamp.js";
import { makePointsPainter } from "../cloud/points_painter.js";
import { h } from "../dom.js";
import { debounced } from "../timing.js";
import { TIME_STEPS, timeColourAt } from "./dots.js";

/** @import { Cloud } from "../cloud/cloud.js" */
/** @import { Header, View } from "../types.js" */
/** @import { Geometry } from "./geometry.js" */
/** @import { Theme } from "./overlay.js" */

// where all points take longer to draw, what was drawn is scaled while the plane is zoomed
const SLOW_MILLISECONDS = 12;
const REST_MILLISECONDS = 200;

/**
 * @param {object} options
 * @param {Cloud} options.cloud
 * @param {Header} options.header
 * @param {Geometry} options.geometry
 */
export function makeCloudLayer({ cloud, header, geometry }) {
  const canvas = h("canvas", { class: "layer all-points" });
  const lines = h("canvas", { class: "layer contours" });
  const element = h("div", { class: "layer cut" }, canvas, lines);
  const painter = makePointsPainter(canvas);
  const colours = new Uint8Array(4 * cloud.count);
  let isThere = false;
  let isLost = !painter;
  /** @type {boolean | null} */
  let isSlow = null; // null until all points were drawn
  let areContoursShown = true;
  let ratio = 1;
  let drawn = geometry.toPixels;
  canvas.addEventListener("webglcontextlost", () => {
    isLost = true;
  });

  /** The colours of the groups of a kind. @param {string} kind */
  function paletteOf(kind) {
    const board = element;
    const [training, heldOut] = ["--training", "--held-out"].map((name) => colourOf(board, name));
    if (kind === "time" || (kind === "score" && cloud.has(kind)))
      return Array.from({ length: TIME_STEPS }, (_, step) => timeColourAt(step));
    if (kind === "part") return [training, heldOut];
    const hex = kind === "label" ? header.labelColours : kind === "group" ? header.groupColours : [];
    return hex.length && cloud.has(kind)
      ? hex.map((colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16)))
      : [training];
  }

  /** @param {string} kind */
  function colour(kind) {
    const palette = paletteOf(kind);
    for (let point = 0; point < cloud.count; point++) {
      let group = cloud.groupOf(kind, point);
      if (kind === "time") group = Math.floor((cloud.numberOf(point) / cloud.images) * TIME_STEPS);
      if (kind === "score") group = Math.floor((group / 256) * TIME_STEPS);
      const [red, green, blue] = palette[group] ?? palette[0];
      colours[4 * point] = red;
      colours[4 * point + 1] = green;
      colours[4 * point + 2] = blue;
      colours[4 * point + 3] = cloud.isShown(point) ? 255 : 0;
    }
    painter?.setColours(colours);
  }

  function drawPoints() {
    const { width, height, zoomed } = geometry;
    // images are drawn where the points are: the points must not hide them
    const [least, most, faintest] = geometry.isSlice ? [1.6, 4, 0.12] : [1.1, 2.5, 0.1];
    const room = (width * height * zoomed ** 2) / cloud.count; // of a point, in square pixels
    const wide = clamp(0.3 * Math.sqrt(room), least, most);
    const alpha = clamp((0.35 * room) / wide ** 2, faintest, 0.9);
    painter?.draw({
      count: cloud.count,
      toPixels: geometry.toPixels,
      width,
      height,
      points: Math.max(wide * ratio, 1),
      alpha,
    });
  }

  function drawAllPoints() {
    const began = performance.now();
    drawPoints();
    if (isSlow === null) {
      painter?.finish();
      isSlow = performance.now() - began > SLOW_MILLISECONDS;
    }
    canvas.dataset.drawn = String(cloud.count);
  }
  /** @param {Theme} theme */
  function drawContours({ ink, paper }) {
    const { scale, offset } = geometry.toPixels;
    const context = contextOf(lines);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, geometry.width, geometry.height);
    if (!areContoursShown || !isThere) return;
    const path = new Path2D();
    for (const segments of cloud.contours) {
      for (let at = 0; at < segments.length; at += 4) {
        path.moveTo(segments[at] * scale[0] + offset[0], segments[at + 1] * scale[1] + offset[1]);
        path.lineTo(segments[at + 2] * scale[0] + offset[0], segments[at + 3] * scale[1] + offset[1]);
      }
    }
    context.lineCap = "round";
    for (const [style, wide] of /** @type {[string, number][]} */ ([
      [paper, 3],
      [ink, 1.25],
    ])) {
      context.strokeStyle = style;
      context.lineWidth = wide;
      context.stroke(path);
    }
  }

  /** @type {() => void} */
  let drawAll = () => {};
  const drawAllSoon = debounced(() => drawAll(), REST_MILLISECONDS);

  /** Scale what was drawn to where it is now. */
  function scaleDrawn() {
    const { scale, offset } = geometry.toPixels;
    const [wide, high] = scale.map((each, axis) => each / drawn.scale[axis]);
    const [right, below] = [offset[0] - wide * drawn.offset[0], offset[1] - high * drawn.offset[1]];
    for (const layer of [canvas, lines]) layer.style.transform = `matrix(${wide}, 0, 0, ${high}, ${right}, ${below})`;
  }

  return {
    element,
    colour,
    /** Whether all points are drawn in this view: otherwise those of the sample are. */
    get isDrawn() {
      return isThere && !isLost;
    },
    /** Whether all points have places in this view. */
    get isThere() {
      return isThere;
    },
    get contoursShown() {
      return areContoursShown;
    },
    /** @param {boolean} on */
    set contoursShown(on) {
      areContoursShown = on;
    },
    /** @param {View} view */
    setView(view) {
      isThere = cloud.setView(view, geometry.ranges);
      if (isThere) painter?.setPlaces(cloud.places);
    },
    /**
     * @param {number} width in CSS pixels
     * @param {number} height
     * @param {number} to device pixels per CSS pixel
     */
    resize(width, height, to) {
      ratio = to;
      for (const layer of [canvas, lines]) {
        layer.width = Math.round(width * ratio);
        layer.height = Math.round(height * ratio);
      }
    },
    /**
     * @param {Theme} theme
     * @param {boolean} arePointsShown
     * @param {boolean} isMoving whether it is likely to be drawn again soon
     */
    draw(theme, arePointsShown, isMoving) {
      canvas.hidden = !arePointsShown || !isThere || isLost;
      drawAll = () => {
        for (const layer of [canvas, lines]) layer.style.transform = "";
        if (!canvas.hidden) drawAllPoints();
        drawContours(theme);
        drawn = geometry.toPixels;
      };
      if (isMoving && isSlow) {
        scaleDrawn();
        drawAllSoon();
      } else drawAll();
    },
    /**
     * The shown point nearest to a position, or -1.
     *
     * @param {number} x in CSS pixels
     * @param {number} y
     * @param {number} within
     */
    near(x, y, within) {
      const { scale, offset } = geometry.toPixels;
      const reach = scale.map((each) => within / Math.abs(each));
      return cloud.near((x - offset[0]) / scale[0], (y - offset[1]) / scale[1], reach);
    },
    /** @param {number} point */
    placeOf(point) {
      const { scale, offset } = geometry.toPixels;
      return [0, 1].map((axis) => cloud.places[2 * point + axis] * scale[axis] + offset[axis]);
    },
  };
}

/** @typedef {ReturnType<typeof makeCloudLayer>} CloudLayer */
