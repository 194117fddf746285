// A slider for each direction that the user made.

import { h } from "../dom.js";
import { alongLine, lineBetween, meanCode, placeOnLine } from "../line.js";
import { makeSlider } from "./slider.js";

/** @import { Bundle, Direction, Line, MarkedLine } from "../types.js" */

/**
 * @param {object} options
 * @param {Bundle} options.bundle
 * @param {string} options.unitName
 * @param {() => number[]} options.where returns the current latents
 * @param {(latents: number[]) => void} options.onmove
 * @param {() => void} options.onrename
 * @param {(direction: Direction) => void} options.onremove
 */
export function makeDirectionSliders({ bundle, unitName, where, onmove, onrename, onremove }) {
  const { codes, header } = bundle;
  const { count: dim, unit } = header.latents;
  const element = h("div", { class: "directions" });
  /** @type {{ slider: ReturnType<typeof makeSlider>, line: Line }[]} */
  let shown = [];

  /** @param {Direction} direction */
  const lineOf = ({ more, less }) => lineBetween(meanCode(codes, dim, less), meanCode(codes, dim, more));

  /**
   * @param {Direction} direction
   * @param {Line} line
   */
  function sliderOf(direction, line) {
    const reach = Math.max((2 * line.half) / unit, unit === 1 ? 2 : 3);
    return makeSlider({
      name: direction.name,
      low: -reach,
      high: reach,
      step: unit === 1 ? 0.05 : 0.1,
      unit: unitName,
      ends: ["that", "this"],
      onvalue: (value) => {
        const latents = where();
        const by = value * unit - alongLine(line, latents);
        onmove(latents.map((latent, index) => latent + by * line.along[index]));
      },
      onrename: (name) => {
        direction.name = name;
        onrename();
      },
      onremove: () => onremove(direction),
    });
  }

  return {
    element,
    lineOf,
    /** @param {Direction[]} directions */
    build(directions) {
      shown = directions.flatMap((direction) => {
        const line = lineOf(direction);
        return line ? [{ slider: sliderOf(direction, line), line }] : [];
      });
      element.replaceChildren(...shown.map(({ slider }) => slider.element));
    },
    /** @param {number[]} latents */
    show(latents) {
      for (const { slider, line } of shown) slider.show(alongLine(line, latents) / unit);
    },
    /** @returns {MarkedLine[]} the segments between the mean codes of the two groups */
    stretches: () =>
      shown.map(({ line }) => ({ from: placeOnLine(line, -line.half), to: placeOnLine(line, line.half) })),
  };
}
