// The buttons below the sliders.

import { h } from "../dom.js";

/**
 * @param {object} options
 * @param {() => void} options.onrandom
 * @param {() => void} options.onwalk
 * @param {() => void} options.onreset
 */
export function makeActions({ onrandom, onwalk, onreset }) {
  /** @type {(text: string, onclick: () => void) => HTMLButtonElement} */
  const button = (text, onclick) => h("button", { type: "button", onclick }, text);
  const walk = button("Walk", onwalk);
  walk.setAttribute("aria-pressed", "false");
  return {
    element: h("div", { class: "row buttons" }, button("Random", onrandom), walk, button("Reset", onreset)),
    /** @param {boolean} walking */
    showWalking(walking) {
      walk.setAttribute("aria-pressed", String(walking));
      walk.textContent = walking ? "Stop" : "Walk";
    },
  };
}
