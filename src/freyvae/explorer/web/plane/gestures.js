// Pointer and keys on the plane: dragging moves the latents, and a click on a point picks it.

import { clamp } from "../clamp.js";

/** @import { Header } from "../types.js" */
/** @import { Geometry } from "./geometry.js" */

// in pixels: the largest distance at which a pointer hits a point, and the movement that starts a drag
const NEAR = 8;
const NEAR_A_FINGER = 14;
const DRAG = 4;
// by which a key or a button zooms
export const ZOOM = 1.5;

/**
 * The event listeners of the board.
 *
 * @param {object} options
 * @param {Header["latents"]} options.header
 * @param {Geometry} options.geometry
 * @param {Float32Array} options.latents the current latents
 * @param {() => boolean} options.arePointsShown
 * @param {() => boolean} options.isLasso whether a drag draws a lasso
 * @param {(corners: number[][], isDone: boolean) => void} options.onlasso
 * @param {(latents: Float32Array) => void} options.onmove
 * @param {(x: number, y: number, within: number) => number} options.near the nearest point, or -1
 * @param {(point: number) => void} options.onpick
 * @param {(point: number) => void} options.onhover -1 for none
 * @param {(times: number, right: number, below: number) => void} options.onzoom about a place, 0 to 1
 * @param {(times: number) => void} options.onzoomhere about the current code
 */
export function makeGestures({
  header,
  geometry,
  latents,
  arePointsShown,
  isLasso,
  onlasso,
  onmove,
  near,
  onpick,
  onhover,
  onzoom,
  onzoomhere,
}) {
  const { limit } = header;
  const chosen = new Float32Array(latents.length);
  /** @type {{ from: [number, number], point: number, moved: boolean } | null} */
  let pressed = null;
  /** @type {number[][] | null} */
  let lasso = null;

  /**
   * @param {MouseEvent} event
   * @returns {[number, number]}
   */
  function position(event) {
    const box = /** @type {HTMLElement} */ (event.currentTarget).getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  /** @param {[number, number]} place */
  function go([x, y]) {
    const right = clamp(x / geometry.width, 0, 1);
    const below = clamp(y / geometry.height, 0, 1);
    onmove(geometry.latentsAt(right, below, latents, chosen));
  }

  /**
   * @param {[number, number]} place
   * @param {number} within
   */
  const pointAt = ([x, y], within) => (arePointsShown() ? near(x, y, within) : -1);

  /** @param {PointerEvent} event */
  function onpointerdown(event) {
    // a second finger is not the one that drags
    if (event.button || !event.isPrimary) return;
    const board = /** @type {HTMLElement} */ (event.currentTarget);
    const from = position(event);
    const point = pointAt(from, event.pointerType === "touch" ? NEAR_A_FINGER : NEAR);
    pressed = { from, point, moved: false };
    board.setPointerCapture(event.pointerId);
    board.focus({ preventScroll: true });
    event.preventDefault();
    if (isLasso()) lasso = [from];
    else if (point < 0) go(from);
  }

  /** @param {PointerEvent} event */
  function onpointermove(event) {
    if (!event.isPrimary) return;
    const here = position(event);
    if (lasso) {
      lasso.push(here);
      onlasso(lasso, false);
      return;
    }
    if (!pressed) {
      if (event.pointerType !== "touch") onhover(pointAt(here, NEAR));
      return;
    }
    if (!pressed.moved && Math.hypot(here[0] - pressed.from[0], here[1] - pressed.from[1]) < DRAG) return;
    pressed.moved = true;
    onhover(-1);
    go(here);
  }

  /** @param {PointerEvent} event */
  function onpointerup(event) {
    if (!event.isPrimary) return;
    const isUp = event.type === "pointerup";
    if (lasso) onlasso(lasso, isUp);
    else if (pressed && !pressed.moved && pressed.point >= 0 && isUp) onpick(pressed.point);
    lasso = pressed = null;
  }

  /** @param {KeyboardEvent} event */
  function onkeydown(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = (event.shiftKey ? 0.25 : 0.05) * (limit > 12 ? limit / 4 : 1);
    /** @type {Record<string, [number, number]>} */
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowDown: [0, -step], ArrowUp: [0, step] };
    if (Object.hasOwn(moves, event.key)) {
      onmove(geometry.moved(...moves[event.key], latents, chosen));
    } else if (event.key === "Enter") {
      const nearest = near(geometry.x(latents), geometry.y(latents), Infinity);
      if (nearest >= 0) onpick(nearest);
    } else if (event.key === "+" || event.key === "-") {
      onzoomhere(event.key === "+" ? ZOOM : 1 / ZOOM);
    } else return;
    event.preventDefault();
  }

  // two fingers on a trackpad are a wheel with ctrl; without it the page scrolls
  /** @param {WheelEvent} event */
  function onwheel(event) {
    if (!event.ctrlKey) return;
    const [x, y] = position(event);
    onzoom(Math.exp(-event.deltaY / 200), x / geometry.width, y / geometry.height);
    event.preventDefault();
  }

  return {
    onpointerdown,
    onpointermove,
    onpointerup,
    onpointercancel: onpointerup,
    onpointerleave: () => onhover(-1),
    onkeydown,
    onwheel,
  };
}
