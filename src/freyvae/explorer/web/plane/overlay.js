// Draws the marks on top of the points: the current code, lines, the chosen point, the user's picture, and the point
// under the pointer.

import { contextOf } from "../canvas.js";
import { clamp } from "../clamp.js";

/** @import { Code, MarkedLine } from "../types.js" */
/** @import { Geometry } from "./geometry.js" */
/**
 * @typedef {object} Marks
 * @property {number | null} frame
 * @property {Code | null} own
 * @property {MarkedLine[]} lines
 * @property {number[][]} lasso corners in pixels
 * @property {{ code: Code, deviations: ArrayLike<number> } | null} posterior of the image that is compared
 */
/** @typedef {{ ink: string, paper: string, accent: string }} Theme */

/**
 * @param {HTMLCanvasElement} canvas
 * @param {object} options
 * @param {Geometry} options.geometry
 * @param {Float32Array} options.latents
 * @param {Marks} options.marks
 * @param {number[] | null} options.hovered the place of the point under the pointer
 * @param {Theme} options.theme
 */
export function drawOverlay(canvas, { geometry, latents, marks, hovered, theme: { ink, paper, accent } }) {
  const { width, height } = geometry;
  const context = contextOf(canvas);

  /** @type {(style: string, wide: number, draw: () => void, dash?: number[]) => void} */
  const stroke = (style, wide, draw, dash = []) => {
    context.strokeStyle = style;
    context.lineWidth = wide;
    context.setLineDash(dash);
    context.beginPath();
    draw();
    context.stroke();
  };
  /** @type {(place: number[], radius: number, style: string, wide: number) => void} */
  const ring = ([x, y], radius, style, wide) => stroke(style, wide, () => context.arc(x, y, radius, 0, 7));

  function cross() {
    const x = Math.round(geometry.x(latents)) + 0.5;
    const y = Math.round(geometry.y(latents)) + 0.5;
    context.globalAlpha = 0.35;
    stroke(ink, 1, () => {
      context.moveTo(x, 0);
      context.lineTo(x, height);
      if (geometry.hasOneAxis()) return;
      context.moveTo(0, y);
      context.lineTo(width, y);
    });
    context.globalAlpha = 1;
  }

  /** @param {MarkedLine} marked */
  function line({ from, to, dashed }) {
    const draw = () => {
      context.moveTo(geometry.x(from), geometry.y(from));
      context.lineTo(geometry.x(to), geometry.y(to));
    };
    stroke(paper, 4, draw);
    stroke(accent, 1.75, draw, dashed ? [5, 4] : []);
  }

  /** @param {Code} code */
  function diamond(code) {
    const x = geometry.x(code);
    const y = geometry.y(code);
    const draw = () => {
      context.moveTo(x, y - 8);
      context.lineTo(x + 8, y);
      context.lineTo(x, y + 8);
      context.lineTo(x - 8, y);
      context.closePath();
    };
    stroke(paper, 5, draw);
    stroke(accent, 2, draw);
  }

  /** Two deviations of a posterior. @param {NonNullable<Marks["posterior"]>} posterior */
  function ellipse({ code, deviations }) {
    const found = geometry.ellipse(code, deviations);
    if (!found) return;
    const draw = () => context.ellipse(found.x, found.y, 2 * found.long, 2 * found.short, found.angle, 0, 7);
    stroke(paper, 4, draw);
    stroke(accent, 1.75, draw);
  }

  cross();
  if (marks.posterior) ellipse(marks.posterior);
  for (const marked of marks.lines) line(marked);
  if (marks.frame !== null) {
    ring(geometry.placeOf(marks.frame), 5, paper, 4);
    ring(geometry.placeOf(marks.frame), 5, accent, 2);
  }
  if (marks.lasso.length > 1) {
    const draw = () => {
      for (const [x, y] of marks.lasso) context.lineTo(x, y);
      context.closePath();
    };
    stroke(paper, 4, draw);
    stroke(accent, 1.75, draw, [5, 4]);
  }
  if (marks.own) diamond(marks.own);
  if (hovered) {
    ring(hovered, 6, paper, 3.5);
    ring(hovered, 6, ink, 1.5);
  }
  // the current code; if it lies outside of the plane, at the edge
  const here = [
    clamp(geometry.x(latents), 0, width),
    geometry.hasOneAxis() ? height / 2 : clamp(geometry.y(latents), 0, height),
  ];
  ring(here, 10, paper, 6);
  ring(here, 10, ink, 2.5);
}
