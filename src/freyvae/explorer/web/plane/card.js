// The card next to the point under the pointer, with its image and its number.

import { h } from "../dom.js";
import { capital } from "../text.js";

/** @import { Points } from "../points.js" */
/** @import { Geometry } from "./geometry.js" */

/** @param {{ points: Points, geometry: Geometry }} options */
export function makeCard({ points, geometry }) {
  const picture = h("canvas", { class: "crisp", "aria-hidden": "true" });
  const text = h("span", {});
  const element = h("div", { class: "card", hidden: true, "aria-hidden": "true" }, picture, text);
  return {
    element,
    /** @param {number} point the point, or -1 for none */
    show(point) {
      element.hidden = point < 0;
      if (point < 0) return;
      points.painter(picture, points.levelsOf(point));
      const isOriginal = points.original(point) !== null;
      text.textContent = `${capital(points.word)} ${points.numberOf(point)}${isOriginal ? "" : ", reconstructed"}`;
      const [x, y] = geometry.placeOf(point);
      element.style.left = `${x}px`;
      element.style.top = `${y}px`;
      element.classList.toggle("left", x > geometry.width * 0.65);
      element.classList.toggle("above", y > geometry.height * 0.55);
    },
  };
}
