// Two trays of images, "this" and "that", and the button that makes a direction from them.

import { h } from "../dom.js";
import { some } from "../text.js";

/** @import { Points } from "../points.js" */
/** @import { Direction } from "../types.js" */

const MOST_SHOWN = 12;

/**
 * @param {object} options
 * @param {Points} options.points
 * @param {(more: number[], less: number[]) => void} options.onchange
 * @param {(direction: Direction) => string | null} options.onmake returns the reason of a refusal, or null
 */
export function makeTrays({ points, onchange, onmake }) {
  /** @type {number | null} */
  let current = null;
  const message = h("p", { class: "hint" });
  const name = h("input", {
    type: "text",
    class: "field",
    placeholder: "smiling",
    maxlength: 60,
    "aria-label": "Name of the direction",
    autocomplete: "off",
  });
  const make = h("button", { type: "submit", disabled: true }, "Make a slider");
  const more = makeTray("This");
  const less = makeTray("That");
  const trays = [more, less];
  const element = h(
    "form",
    { class: "trays", onsubmit: onSubmit },
    trays.map((tray) => tray.element),
    h("div", { class: "row" }, name, make),
    message,
  );

  /** @param {string} title */
  function makeTray(title) {
    const held = h("div", { class: "thumbs" });
    const add = h("button", {
      type: "button",
      class: "quiet small",
      disabled: true,
      onclick: () => current !== null && fill(tray, [...new Set([...tray.points, current])]),
    });
    const element = h(
      "div",
      { class: "tray", role: "group", "aria-label": title },
      h("span", { class: "tray-name" }, title),
      held,
      add,
    );
    const tray = { points: /** @type {number[]} */ ([]), held, add, title, element };
    return tray;
  }

  /** @param {Event} event */
  function onSubmit(event) {
    event.preventDefault();
    const made = { name: name.value.trim() || "direction", more: more.points, less: less.points };
    if (!made.more.length || !made.less.length) return;
    const refused = onmake(made);
    message.textContent = refused ?? "";
    if (refused) return;
    name.value = "";
    setPoints([], []);
    onchange([], []);
  }

  /**
   * @param {typeof more} tray
   * @param {number[]} points
   */
  function fill(tray, points) {
    const other = tray === more ? less : more;
    tray.points = points;
    other.points = other.points.filter((held) => !points.includes(held));
    changed();
  }

  /** @param {number} point */
  function takeOut(point) {
    for (const tray of trays) tray.points = tray.points.filter((kept) => kept !== point);
    changed();
  }

  function changed() {
    draw();
    onchange(more.points, less.points);
  }

  function draw() {
    for (const tray of trays) {
      const shown = tray.points.slice(0, MOST_SHOWN).map((point) => thumbnail(point, tray.title.toLowerCase()));
      const more = tray.points.length - shown.length;
      tray.held.replaceChildren(...shown, ...(more > 0 ? [`and ${more} more`] : []));
      tray.add.disabled = current === null;
      tray.add.textContent =
        current === null ? `Choose ${some(points.word)} first` : `Add ${points.word} ${points.numberOf(current)}`;
    }
    make.disabled = !(more.points.length && less.points.length);
  }

  /**
   * @param {number} point
   * @param {string} title
   */
  function thumbnail(point, title) {
    return h(
      "button",
      {
        type: "button",
        class: "thumb",
        "aria-label": `Take ${points.word} ${points.numberOf(point)} out of ${title}`,
        title: "Take out",
        onclick: () => takeOut(point),
      },
      points.canvasOf(point),
    );
  }

  /**
   * @param {number[]} these
   * @param {number[]} those
   */
  function setPoints(these, those) {
    more.points = [...these];
    less.points = [...those];
    draw();
  }

  draw();
  return {
    element,
    setPoints,
    /** @type {(which: "more" | "less", points: number[]) => void} */
    fill: (which, points) => fill(which === "more" ? more : less, points),
    redraw: draw,
    /** @param {number | null} point the chosen point */
    setCurrent(point) {
      current = point;
      draw();
    },
  };
}
