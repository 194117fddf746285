// The path between two images: a slider along the straight line between their codes.

import { h } from "../dom.js";
import { some } from "../text.js";
import { makeSlider } from "./slider.js";

/** @import { Points } from "../points.js" */
/** @import { State } from "../types.js" */
/** @typedef {"from" | "to"} End */

/** @type {[End, string][]} */
const ENDS = [
  ["from", "Start from"],
  ["to", "End at"],
];

/**
 * @param {object} options
 * @param {Points} options.points
 * @param {(at: number) => void} options.onvalue
 * @param {(end: End) => void} options.onend the chosen image becomes this end
 */
export function makePath({ points, onvalue, onend }) {
  /** @param {End} end */
  const button = (end) =>
    h("button", { type: "button", class: "quiet small", disabled: true, onclick: () => onend(end) });
  const places = { from: h("div", { class: "thumb-place" }), to: h("div", { class: "thumb-place" }) };
  const buttons = { from: button("from"), to: button("to") };
  const slider = makeSlider({ name: "way between", low: 0, high: 1, step: 0.01, unit: "of the way", onvalue });

  return {
    elements: [
      h("div", { class: "path" }, places.from, slider.element, places.to),
      h("div", { class: "row apart" }, buttons.from, buttons.to),
    ],
    /**
     * @param {State["path"]} path
     * @param {number | null} chosen the point that a button would set as an end
     */
    show(path, chosen) {
      for (const [end, words] of ENDS) {
        const point = path[end];
        places[end].replaceChildren(...(point === null ? [] : [points.canvasOf(point)]));
        buttons[end].disabled = chosen === null;
        buttons[end].textContent =
          chosen === null ? `Choose ${some(points.word)} first` : `${words} ${points.numberOf(chosen)}`;
      }
      slider.enable(path.from !== null && path.to !== null);
      slider.show(path.at);
    },
  };
}
