// The decoded image, as large as the layout allows.

import { shownAspect, toLevels } from "../canvas.js";
import { clamp } from "../clamp.js";
import { h } from "../dom.js";
import { newestOnly } from "../timing.js";

/** @import { DecodeByAny, Header, Painter } from "../types.js" */

/**
 * @param {object} options
 * @param {HTMLElement} options.root of the explorer
 * @param {Header} options.header
 * @param {DecodeByAny} options.decode
 * @param {Painter} options.painter
 */
export function makeFace({ root, header, decode, painter }) {
  const [height, width, channels] = header.imageShape;
  const levels = new Uint8ClampedArray(height * width * channels);
  const canvas = h("canvas", { class: "face crisp", width, height, role: "img", "aria-label": "The decoded image" });
  const place = h("div", { class: "face-place" }, canvas);

  function fit() {
    const room = place.getBoundingClientRect().width;
    if (!room) return;
    const narrow = root.clientWidth < 760;
    // leaves room for the reading and two sliders below
    const high = narrow ? clamp(innerHeight * 0.3, 140, 260) : clamp(innerHeight - 350, 160, 560);
    const aspect = shownAspect(header);
    let wide = Math.min(room, high * aspect);
    // where there is room, a whole number of device pixels for each pixel, so that all pixels are equally large
    const ratio = devicePixelRatio || 1;
    const scale = Math.floor((wide / width) * ratio) / ratio;
    if (scale > 0) wide = scale * width;
    canvas.classList.toggle("crisp", scale > 0);
    canvas.style.width = `${wide}px`;
    canvas.style.height = `${wide / aspect}px`;
  }
  const draw = newestOnly(
    (/** @type {number[]} */ latents) => decode(latents, true),
    (pixels) => painter(canvas, toLevels(pixels, levels)),
  );

  const watch = new ResizeObserver(fit);
  watch.observe(root);
  addEventListener("resize", fit);

  return {
    element: place,
    fit,
    /** @type {(latents: number[]) => void} */
    draw,
    /** @param {string} where in words */
    describe: (where) => canvas.setAttribute("aria-label", `The decoded image at ${where}`),
    destroy() {
      watch.disconnect();
      removeEventListener("resize", fit);
    },
  };
}
