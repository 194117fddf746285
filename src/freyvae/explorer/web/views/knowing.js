// In words and as a bar: is the model among its data here, or does it guess?

import { clamp } from "../clamp.js";
import { h } from "../dom.js";

/** @import { Knowledge } from "../types.js" */

/** @param {HTMLElement} root of the explorer, whose style follows the level */
export function makeKnowing(root) {
  const word = h("strong");
  const detail = h("span");
  const bar = h("i");
  const confidence = h("span", { class: "confidence", "aria-hidden": "true" }, bar);
  return {
    element: h("div", { class: "knowing" }, confidence, h("p", {}, word, detail)),
    /** @returns {string} what is said now */
    get words() {
      return word.textContent ?? "";
    },
    /** @param {Knowledge} knowledge */
    show(knowledge) {
      if (word.textContent !== knowledge.word) word.textContent = knowledge.word;
      if (detail.textContent !== knowledge.detail) detail.textContent = knowledge.detail;
      root.dataset.knows = knowledge.level;
      bar.style.width = `${Math.round(100 * clamp(knowledge.confidence, 0.02, 1))}%`;
    },
  };
}
