// The buttons below the sliders.

import { h } from "../dom.js";

/**
 * @param {object} options
 * @param {() => void} options.onrandom
 * @param {() => void} options.onwalk
 * @param {() => void} options.onreset
 * @param {HTMLElement | null} options.draw the button that draws details
 */
export function makeActions({ onrandom, onwalk, onreset, draw }) {
  /** @type {(text: string, onclick: () => void) => HTMLButtonElement} */
  const button = (text, onclick) => h("button", { type: "button", onclick }, text);
  const walk = button("Walk", onwalk);
  walk.setAttribute("aria-pressed", "false");
  return {
    element: h(
      "div",
      { class: "row buttons" },
      button("Random", onrandom),
      walk,
      button("Reset", onreset),
      ...(draw ? [draw] : []),
    ),
    /** @param {boolean} walking */
    showWalking(walking) {
      walk.setAttribute("aria-pressed", String(walking));
      walk.textContent = walking ? "Stop" : "Walk";
    },
  };
}
