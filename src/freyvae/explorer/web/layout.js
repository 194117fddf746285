// The layout of the explorer.

import { h, newId } from "./dom.js";
import { capital, plural, withCode } from "./text.js";

/** @import { Everything } from "./everything.js" */
/** @import { Points } from "./points.js" */
/** @import { Runtime } from "./runtime.js" */
/** @import { Child, Header } from "./types.js" */
/** @import { Views } from "./views.js" */

/**
 * @param {object} options
 * @param {Header} options.header
 * @param {Points} options.points
 * @param {"h1" | "h2"} options.heading the title's element; headings of sections are one level below
 * @param {boolean} options.isBeside whether it stands beside another: what both show of a picture comes first
 * @param {Everything} options.everything
 * @param {Runtime} options.runtime
 * @param {Views} options.views
 */
export function layOut({ header, points: { word }, heading, isBeside, everything, runtime, views }) {
  const [height, width, channels] = header.imageShape;
  const kind =
    channels === 1 ? "grey pixels" : channels === 3 ? "colour pixels" : `pixels in ${plural(channels, "channel")}`;
  const lede =
    `${plural(everything.images, word)} of ${height} by ${width} ${kind}, ` +
    `${plural(header.latents.count, "latent")}. Drag a slider, or the plane.`;
  const below = heading === "h1" ? "h2" : "h3";

  const titleId = newId("title");
  /** @type {(title: string, ...children: Child[]) => HTMLElement} */
  const section = (title, ...children) => {
    const id = newId("section");
    // two explorers on one page have sections of the same name
    return h("section", { class: "panel", "aria-labelledby": `${id} ${titleId}` }, h(below, { id }, title), children);
  };
  /** @param {string} text */
  const hint = (text) => h("p", { class: "hint" }, text);

  const { element: sliders, areMany } = views.sliders;
  const onDraw = views.draw.button ? " “Draw details” asks the server for a draw of the whole model." : null;
  const { filmstrip, comparison } = views;
  return h(
    "div",
    { class: isBeside ? "body beside" : "body" },
    h(
      "header",
      { class: "top" },
      h("div", {}, h(heading, { id: titleId }, header.title), h("p", { class: "lede" }, lede, everything.sample)),
      h("div", { class: "row" }, [views.save.element, views.linkButton, views.theme.button]),
    ),
    header.leftOut ? h("p", { class: "hint left-out" }, withCode(capital(`${header.leftOut}.`)), onDraw) : null,
    isBeside ? filmstrip.element : null,
    h(
      "div",
      { class: areMany ? "stage many" : "stage" },
      isBeside ? comparison.element : null,
      h("div", { class: "portrait" }, views.face.element, views.knowing.element, views.neighbours.element),
      areMany ? sliders : null,
      h(
        "div",
        { class: "controls" },
        areMany ? null : sliders,
        views.directions.element,
        views.actions.element,
        views.draw.element,
      ),
      h("div", { class: "chart" }, views.plane.element, views.lasso.bar, views.choices.element, everything.note),
      isBeside ? null : comparison.element,
    ),
    isBeside ? null : filmstrip.element,
    h(
      "div",
      { class: "panels" },
      section(
        "Directions",
        hint(`Choose ${word}s with a feature, and others without it. Their difference becomes a slider.`),
        views.trays.element,
      ),
      section(
        `Between two ${word}s`,
        hint(`Start from one ${word}, end at another, and move between their codes.`),
        views.path.elements,
      ),
      section("Your own picture", views.ownPicture.elements),
    ),
    runtime.note,
    views.announcer,
    views.ownPicture.overlay,
  );
}
