// The images nearest to the current code. Click one to go there.

import { h, newId } from "../dom.js";
import { makeNearest } from "../nearest.js";
import { whole } from "../text.js";

/** @import { Points } from "../points.js" */
/** @import { Bundle, Code } from "../types.js" */

const SHOWN = 6;

/** @param {{ bundle: Bundle, points: Points, onpick: (point: number) => void }} options */
export function makeNeighbours({ bundle, points, onpick }) {
  const { frames, imageShape } = bundle.header;
  const [height, width] = imageShape;
  const nearest = makeNearest(bundle);
  // the buttons stay, so that the focus does: what they show changes
  const thumbs = Array.from({ length: Math.min(SHOWN, frames) }, () => {
    const canvas = h("canvas", { class: "crisp", width, height });
    const thumb = { canvas, point: -1, button: h("button", { type: "button", class: "thumb", onclick }, canvas) };
    function onclick() {
      if (thumb.point >= 0) onpick(thumb.point);
    }
    return thumb;
  });
  const id = newId("nearest");
  const element = h(
    "div",
    { class: "nearest", role: "group", "aria-labelledby": id },
    h("p", { id }, `Nearest ${frames < bundle.header.points ? `of ${whole(frames)} ` : ""}${points.word}s`),
    h(
      "div",
      { class: "thumbs" },
      thumbs.map(({ button }) => button),
    ),
  );

  return {
    element,
    /** @param {Code} latents */
    show(latents) {
      nearest(latents, thumbs.length).forEach((point, place) => {
        const thumb = thumbs[place];
        const levels = points.original(point);
        // frames may still be packed
        if (!levels || thumb.point === point) return;
        thumb.point = point;
        points.painter(thumb.canvas, levels);
        const words = `${points.word} ${points.numberOf(point)}, ${points.partOf(point)}${points.labelOf(point)}`;
        thumb.button.setAttribute("aria-label", `Go to ${words}`);
        thumb.button.title = words;
      });
    },
  };
}
