// The strips above the tracks of sliders: what the model draws at places along each track, the other latents being as
// they are.

import { contextOf, shownAspect, toLevels } from "../canvas.js";
import { clamp } from "../clamp.js";
import { h } from "../dom.js";
import { debounced, makeSlicer, waited } from "../timing.js";

/** @import { DecodeByAny, Header, Painter } from "../types.js" */

const HIGH = 36; // CSS pixels
const MOST_IMAGES = 12;
// strips are drawn when the latents have not changed for so many milliseconds
const PAUSE = 150;

/**
 * @param {object} options
 * @param {Header} options.header
 * @param {DecodeByAny} options.decode
 * @param {Painter} options.painter
 * @param {number[]} options.of the latents that have a strip
 */
export function makeStrips({ header, decode, painter, of }) {
  const { imageShape, latents: scale } = header;
  const [height, width, channels] = imageShape;
  const levels = new Uint8ClampedArray(height * width * channels);
  const aspect = shownAspect(header);
  const tile = document.createElement("canvas");
  const slice = makeSlicer();
  /** @type {number[]} */
  let latents = [];
  const strips = new Map(
    of.map((latent) => [
      latent,
      { latent, drawn: "", seen: false, canvas: h("canvas", { class: "strip", "aria-hidden": "true" }) },
    ]),
  );

  function* draw() {
    for (const strip of strips.values()) {
      if (!strip.seen || !strip.canvas.clientWidth) continue;
      const { canvas, latent } = strip;
      const code = Float32Array.from(latents);
      // its own value changes nothing
      code[latent] = 0;
      const key = [canvas.clientWidth, ...code].join();
      if (strip.drawn === key) continue;
      const ratio = Math.min(devicePixelRatio || 1, 3);
      const room = canvas.clientWidth;
      const images = clamp(Math.floor(room / (HIGH * aspect)), 1, MOST_IMAGES);
      const wide = room / images;
      const high = Math.min(HIGH, wide / aspect);
      if (canvas.width !== Math.round(room * ratio)) {
        canvas.width = Math.round(room * ratio);
        canvas.height = Math.round(HIGH * ratio);
      }
      const context = contextOf(canvas);
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      for (let image = 0; image < images; image++) {
        code[latent] = (2 * ((image + 0.5) / images) - 1) * scale.limit * scale.unit;
        painter(tile, toLevels(yield* waited(decode(code)), levels));
        const own = high * aspect;
        context.drawImage(tile, (image + 0.5) * wide - own / 2, (HIGH - high) / 2, own, high);
        yield;
      }
      strip.drawn = key;
      canvas.dataset.drawn = "yes";
    }
  }
  const drawSoon = debounced(() => slice(draw()), PAUSE);

  const watch = new IntersectionObserver((changes) => {
    for (const { target, isIntersecting } of changes) {
      for (const strip of strips.values()) if (strip.canvas === target) strip.seen = isIntersecting;
    }
    drawSoon();
  });
  for (const { canvas } of strips.values()) watch.observe(canvas);

  return {
    /** @param {number} latent */
    canvasOf: (latent) => strips.get(latent)?.canvas ?? null,
    /** @param {number[]} now */
    show(now) {
      latents = now;
      if (strips.size) drawSoon();
    },
    destroy: () => watch.disconnect(),
  };
}
