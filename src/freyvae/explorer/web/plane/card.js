// The card next to the point under the pointer, with its image and its number.

import { h } from "../dom.js";
import { capital, whole } from "../text.js";

/** @import { Points } from "../points.js" */
/** @import { Served } from "../served.js" */
/** @import { Geometry } from "./geometry.js" */

const WAIT_MILLISECONDS = 60;

/** @param {{ points: Points, geometry: Geometry, served: Served | null }} options */
export function makeCard({ points, geometry, served }) {
  const picture = h("canvas", { class: "crisp", "aria-hidden": "true" });
  const text = h("span", {});
  const element = h("div", { class: "card", hidden: true, "aria-hidden": "true" }, picture, text);
  // what the card is about, so that a picture that comes too late is not shown
  let asked = 0;

  /** @param {number[]} place */
  function put([x, y]) {
    element.style.left = `${x}px`;
    element.style.top = `${y}px`;
    element.classList.toggle("left", x > geometry.width * 0.65);
    element.classList.toggle("above", y > geometry.height * 0.55);
  }

  return {
    element,
    /**
     * Show an image that the server has.
     *
     * @param {number} number from 0
     * @param {number[]} place
     */
    showNumber(number, place) {
      const mine = ++asked;
      element.hidden = true;
      setTimeout(async () => {
        if (mine !== asked || !served) return;
        const [levels] = await served.pictures([number]).catch(() => []);
        if (mine !== asked || !levels) return;
        points.painter(picture, levels);
        text.textContent = `${capital(points.word)} ${whole(number + 1)}`;
        put(place);
        element.hidden = false;
      }, WAIT_MILLISECONDS);
    },
    /** @param {number} point the point, or -1 for none */
    show(point) {
      asked++;
      element.hidden = point < 0;
      if (point < 0) return;
      points.painter(picture, points.levelsOf(point));
      const isOriginal = points.original(point) !== null;
      text.textContent = `${capital(points.word)} ${points.numberOf(point)}${isOriginal ? "" : ", reconstructed"}`;
      put(geometry.placeOf(point));
    },
  };
}
