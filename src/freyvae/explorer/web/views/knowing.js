// Says in words and with a bar whether the current code lies among the codes of the training images.

import { clamp } from "../clamp.js";
import { h } from "../dom.js";

/** @import { Knowledge } from "../types.js" */

/** @param {HTMLElement} root the explorer's root, whose style depends on the level */
export function makeKnowing(root) {
  const word = h("strong");
  const detail = h("span");
  const bar = h("i");
  const confidence = h("span", { class: "confidence", "aria-hidden": "true" }, bar);
  return {
    element: h("div", { class: "knowing" }, confidence, h("p", {}, word, detail)),
    /** @returns {string} the words that are shown */
    get words() {
      return `${word.textContent}. ${detail.textContent}`;
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
