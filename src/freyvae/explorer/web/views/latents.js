// A slider for every latent.

import { h } from "../dom.js";
import { makeSlider } from "./slider.js";

/** @import { Header } from "../types.js" */

// up to these numbers, the sliders are next to the face, in one column or in two; more sliders have a section below
const ONE_COLUMN = 4;
const TWO_COLUMNS = 16;

/**
 * @param {object} options
 * @param {Header["latents"]} options.header
 * @param {string} options.unitName
 * @param {string[]} options.names
 * @param {(index: number, latent: number) => void} options.onvalue
 * @param {(index: number, name: string) => void} options.onrename
 */
export function makeLatentSliders({ header, unitName, names, onvalue, onrename }) {
  const { count, unit, limit, step } = header;
  const sliders = header.names.map((_, index) =>
    makeSlider({
      name: names[index],
      low: -limit,
      high: limit,
      step,
      unit: unitName,
      digits: unit === 1 || step % 1 ? 2 : 1,
      onvalue: (value) => onvalue(index, value * unit),
      onrename: (name) => onrename(index, name),
    }),
  );
  const columns = count <= ONE_COLUMN ? "sliders" : count <= TWO_COLUMNS ? "sliders two" : "sliders many";
  return {
    element: h(
      "div",
      { class: columns, role: "group", "aria-label": "Latents" },
      sliders.map(({ element }) => element),
    ),
    areFew: count <= TWO_COLUMNS,
    /** @param {number[]} latents */
    show: (latents) => latents.forEach((value, index) => sliders[index].show(value / unit)),
    /** @param {string[]} to */
    rename: (to) => sliders.forEach((slider, index) => slider.rename(to[index])),
  };
}
