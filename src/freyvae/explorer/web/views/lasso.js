// The button that turns dragging on the plane into a lasso, and what can be done with the images within one.

import { h } from "../dom.js";
import { MOST_OF_GROUP } from "../link.js";
import { plural } from "../text.js";

/** @import { Points } from "../points.js" */

/**
 * @param {object} options
 * @param {Points} options.points
 * @param {(on: boolean) => void} options.onlasso
 * @param {(tray: "more" | "less", points: number[]) => void} options.onfill
 */
export function makeLasso({ points, onlasso, onfill }) {
  const { word } = points;
  /** @type {number[]} */
  let chosen = [];
  const toggle = h(
    "button",
    { type: "button", class: "quiet small", "aria-pressed": "false", onclick: () => set(!isOn) },
    "Lasso",
  );
  const said = h("span", {});
  /** @type {(text: string, onclick: () => void) => HTMLButtonElement} */
  const button = (text, onclick) => h("button", { type: "button", class: "small", onclick }, text);
  const fill = (/** @type {"more" | "less"} */ tray) => () => {
    onfill(tray, chosen);
    set(false);
  };
  const choices = [button("Put in This", fill("more")), button("Put in That", fill("less"))];
  const bar = h("div", { class: "row lasso-bar", role: "status", hidden: true }, said, choices);
  let isOn = false;

  /** @param {boolean} on */
  function set(on) {
    isOn = on;
    toggle.setAttribute("aria-pressed", String(on));
    bar.hidden = !on;
    said.textContent = `Drag around ${word}s.`;
    for (const choice of choices) choice.hidden = true;
    onlasso(on);
  }

  return {
    toggle,
    bar,
    /** @param {number[]} found */
    show(found) {
      const count = Math.min(found.length, MOST_OF_GROUP);
      chosen = Array.from({ length: count }, (_, at) => found[Math.floor((at * found.length) / count)]);
      const some = found.length > count ? `, of which ${count} are taken` : "";
      said.textContent = found.length ? `${plural(found.length, word)}${some}.` : `There are no ${word}s in it.`;
      for (const choice of choices) choice.hidden = !found.length;
    },
  };
}
