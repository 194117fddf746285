// One draw of the whole model at the present code, where the page leaves something of it out and is served.

import { h } from "../dom.js";
import { ExplorerError } from "../errors.js";

/** @import { Served } from "../served.js" */
/** @import { Header, Painter } from "../types.js" */

const OF_THIS = "One draw of the whole model at this code";
const OF_EARLIER = "One draw of the whole model, at an earlier code";

/**
 * @param {object} options
 * @param {Header} options.header
 * @param {Painter} options.painter
 * @param {Served | null} options.served
 * @param {() => number[]} options.where the present code
 * @param {(text: string) => void} options.announce
 */
export function makeDraw({ header, painter, served, where, announce }) {
  if (!header.leftOut || !served?.has("draw")) return { button: null, element: null, moved() {} };
  const draw = served.draw;
  const [height, width] = header.imageShape;
  const button = h("button", { type: "button", onclick }, "Draw details");
  const canvas = h("canvas", { class: "crisp", width, height, role: "img", "aria-label": "A draw of the whole model" });
  const caption = h("figcaption", {});
  const element = h("figure", { class: "drawn", hidden: true }, canvas, caption);
  let seed = 0;
  /** @type {number[]} */
  let drawnAt = [];

  async function onclick() {
    const latents = [...where()];
    button.disabled = true;
    button.textContent = "Drawing …";
    element.hidden = false;
    try {
      const levels = await draw(latents, seed++);
      painter(canvas, levels);
      canvas.hidden = false;
      drawnAt = latents;
      moved();
      announce(OF_THIS);
    } catch (error) {
      if (!(error instanceof ExplorerError)) throw error;
      canvas.hidden = true;
      drawnAt = [];
      caption.textContent = error.message;
      announce(error.message);
    } finally {
      const hadFocus = document.activeElement === document.body;
      button.disabled = false;
      button.textContent = "Draw details";
      // a button that is disabled loses the focus
      if (hadFocus) button.focus();
    }
  }

  /** Say whether the draw is still of the present code. */
  function moved() {
    if (!drawnAt.length) return;
    const isOfThis = where().every((value, latent) => value === drawnAt[latent]);
    caption.textContent = `${isOfThis ? OF_THIS : OF_EARLIER}. Each draw is another.`;
    element.classList.toggle("stale", !isOfThis);
  }

  return { button, element, moved };
}
