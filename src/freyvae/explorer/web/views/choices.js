// The choices of what the plane shows: its axes, the colour of its points with a legend, and its layers.

import { h, newId } from "../dom.js";
import { ZOOM } from "../plane/gestures.js";

/** @import { Layer } from "../plane/plane.js" */
/** @import { Points } from "../points.js" */
/** @import { Header, Kind, State, View } from "../types.js" */

/**
 * @param {object} options
 * @param {Header} options.header
 * @param {Points} options.points
 * @param {() => number[]} options.axesNow
 * @param {(axes: number[]) => void} options.onaxes
 * @param {(view: View) => void} options.onview
 * @param {(colour: string) => void} options.oncolour
 * @param {(layer: Layer, on: boolean) => void} options.onshown
 * @param {(kind: Kind, group: number) => void} options.ongroup hides a group, or shows it again
 * @param {HTMLElement} options.lasso the button of the lasso
 * @param {(times: number) => void} options.onzoom
 */
export function makeChoices({ header, points, axesNow, onaxes, onview, oncolour, onshown, ongroup, lasso, onzoom }) {
  const { word, heldOut } = points;
  /** @type {State["hidden"]} */
  let hidden = { part: [], label: [], group: [] };
  const legend = h("div", { class: "legend", "aria-live": "off" });

  /** @param {number} which */
  const axisSelect = (which) => {
    const select = h("select", { onchange: () => onaxes(withAxis(axesNow(), which, Number(select.value))) });
    return select;
  };
  const axisSelects = header.latents.count > 2 ? [axisSelect(0), axisSelect(1)] : [];

  /** @type {[string, string][]} */
  const colours = [
    ["time", header.isVideo ? "time" : "order"],
    ["none", "plain"],
  ];
  const labels = header.labels ?? [];
  const groups = header.groups ?? [];
  if (header.score) colours.unshift(["score", header.score]);
  if (groups.length) colours.unshift(["group", header.groupBy]);
  if (labels.length) colours.unshift(["label", "label"]);
  if (heldOut) colours.unshift(["part", "split"]);
  const colourName = newId("colour");
  const colourInputs = colours.map(([value]) =>
    h("input", { type: "radio", name: colourName, value, onchange: () => oncolour(value) }),
  );

  /** @type {[Layer, string][]} */
  const layers = [
    ["faces", header.isVideo ? "faces" : "images"],
    ["points", "points"],
  ];
  // elsewhere images are drawn only where data is
  if (header.latents.count <= 2) layers.push(["veil", "veil"]);
  layers.push(["contours", "contours"]);
  const ticks = layers.map(([layer, text]) => {
    const box = h("input", { type: "checkbox", checked: true, onchange: () => onshown(layer, box.checked) });
    return h("label", { class: "tick", hidden: layer === "contours" }, box, text);
  });
  /** @type {[View, string][]} */
  const views = [["latents", header.latents.count > 2 ? "two latents" : "latents"]];
  if (header.plane) views.unshift(["principal", "components"]);
  if (header.map) views.unshift(["map", `${header.map} map`]);
  const viewSelect = h(
    "select",
    { onchange: () => onview(/** @type {View} */ (viewSelect.value)) },
    views.map(([value, text]) => h("option", { value }, text)),
  );
  const axisChoices = axisSelects.map((select, which) =>
    h("label", { class: "choice" }, ["across", "up"][which], select),
  );
  /** @type {(text: string, name: string, times: number) => HTMLElement} */
  const zoomButton = (text, name, times) =>
    h("button", { type: "button", class: "zoom", "aria-label": name, onclick: () => onzoom(times) }, text);

  /**
   * @param {string} className
   * @param {string} text
   */
  const key = (className, text) => h("span", { class: `key ${className}` }, text);
  /**
   * A group's entry, which hides and shows its points.
   *
   * @param {Kind} kind
   * @param {number} group
   * @param {string} className
   * @param {string} text
   */
  const groupKey = (kind, group, className, text) =>
    h(
      "button",
      {
        type: "button",
        class: `key ${className}`,
        "aria-pressed": String(!hidden[kind].includes(group)),
        title: "Show or hide these points",
        onclick: () => ongroup(kind, group),
      },
      text,
    );
  /** @type {(kind: Kind, names: string[], colours: string[]) => HTMLElement[]} */
  const colouredKeys = (kind, names, colours) =>
    names.map((name, index) => {
      const entry = groupKey(kind, index, "label", name);
      entry.style.setProperty("--label", colours[index]);
      return entry;
    });
  /** @type {(from: string, to: string) => HTMLElement[]} */
  const ramp = (from, to) => [h("span", { class: "ramp" }, h("span", {}, from), h("i"), h("span", {}, to))];
  /** @type {Record<string, () => HTMLElement[]>} */
  const legends = {
    label: () => colouredKeys("label", labels, header.labelColours),
    group: () => colouredKeys("group", groups, header.groupColours),
    part: () => [groupKey("part", 0, "training", "training"), groupKey("part", 1, "held-out", "held out")],
    score: () => ramp("lowest", "highest"),
    time: () => ramp("first", "last"),
    none: () => [key("training", `${word}s`)],
  };

  return {
    element: h(
      "div",
      { class: "legend-row" },
      legend,
      h(
        "div",
        { class: "row" },
        views.length > 1 ? h("label", { class: "choice" }, "plane", viewSelect) : null,
        axisChoices,
        h(
          "fieldset",
          { class: "segments" },
          h("legend", { class: "unseen" }, "Colour of the points"),
          colours.map(([, text], index) => h("label", {}, colourInputs[index], h("span", {}, text))),
        ),
        h("div", { class: "ticks" }, ticks),
        h("div", { class: "zooms" }, zoomButton("−", "Zoom out", 1 / ZOOM), zoomButton("+", "Zoom in", ZOOM), lasso),
      ),
    ),
    /**
     * @param {string} colour
     * @param {State["hidden"]} to
     */
    showColour(colour, to) {
      hidden = to;
      const isThere = colours.some(([value]) => value === colour);
      const chosen = isThere ? colour : "none";
      const focused = [...legend.children].findIndex((entry) => entry === document.activeElement);
      legend.replaceChildren(...legends[chosen]());
      if (focused >= 0) /** @type {HTMLElement | undefined} */ (legend.children[focused])?.focus();
      for (const input of colourInputs) input.checked = input.value === chosen;
    },
    /** Offer the density contours, where there are any. */
    offerContours() {
      /** @type {HTMLElement} */ (ticks.at(-1)).hidden = false;
    },
    /** @param {View} view */
    showView(view) {
      viewSelect.value = view;
      for (const choice of axisChoices) choice.hidden = view !== "latents";
    },
    /**
     * @param {string[]} names
     * @param {number[]} axes
     */
    showAxes(names, axes) {
      axisSelects.forEach((select, which) => {
        select.replaceChildren(...names.map((name, index) => h("option", { value: index }, name)));
        select.value = String(axes[which]);
      });
    },
  };
}

/**
 * The axes with one of them changed. If the wanted axis is the other one, the two are exchanged.
 *
 * @param {number[]} axes
 * @param {number} which
 * @param {number} wanted
 */
export function withAxis(axes, which, wanted) {
  const changed = [...axes];
  const other = 1 - which;
  if (changed[other] === wanted) changed[other] = changed[which];
  changed[which] = wanted;
  return changed;
}
