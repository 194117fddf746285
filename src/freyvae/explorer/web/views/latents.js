// A slider for every latent. More than two are in the order of what they say of an image, each with a strip that shows
// what it does; those that say nothing are folded away.

import { h } from "../dom.js";
import { plural } from "../text.js";
import { makeSlider } from "./slider.js";
import { makeStrips } from "./strips.js";

/** @import { DecodeByAny, Header, Painter } from "../types.js" */

/**
 * @param {object} options
 * @param {Header} options.header
 * @param {DecodeByAny} options.decode
 * @param {Painter} options.painter
 * @param {string} options.unitName
 * @param {string[]} options.names
 * @param {(index: number, latent: number) => void} options.onvalue
 * @param {(index: number, name: string) => void} options.onrename
 */
export function makeLatentSliders({ header, decode, painter, unitName, names, onvalue, onrename }) {
  const { unit, limit, step, count } = header.latents;
  const { nats, order, active } = header.order ?? { nats: null, order: [...Array(count).keys()], active: null };
  const areMany = active !== null;
  const alive = order.filter((index) => !active || active[index]);
  const dead = order.filter((index) => !alive.includes(index));
  const strips = makeStrips({ header, decode, painter, of: areMany ? alive : [] });
  const sliders = header.latents.names.map((_, index) =>
    makeSlider({
      name: names[index],
      low: -limit,
      high: limit,
      step,
      unit: unitName,
      digits: unit === 1 || step % 1 ? 2 : 1,
      note: nats && `${nats[index].toFixed(1)} nats`,
      picture: strips.canvasOf(index),
      onvalue: (value) => onvalue(index, value * unit),
      onrename: (name) => onrename(index, name),
    }),
  );
  /** @param {number[]} of */
  const elements = (of) => of.map((index) => sliders[index].element);
  const hint =
    (nats ? "In the order of what they say of an image, their KL. " : "In the order of what they say of an image. ") +
    "Each strip shows what its slider does from here.";
  return {
    element: h(
      "div",
      { class: areMany ? "sliders many" : "sliders", role: "group", "aria-label": "Latents" },
      areMany ? h("p", { class: "hint" }, hint) : null,
      h("div", { class: "sliders alive" }, elements(alive)),
      dead.length
        ? h(
            "details",
            {},
            h("summary", {}, `${plural(dead.length, "latent")} that ${dead.length === 1 ? "says" : "say"} nothing`),
            h("div", { class: "sliders" }, elements(dead)),
          )
        : null,
    ),
    areMany,
    /** @param {number[]} latents */
    show(latents) {
      latents.forEach((value, index) => sliders[index].show(value / unit));
      strips.show(latents);
    },
    /** @param {string[]} to */
    rename: (to) => sliders.forEach((slider, index) => slider.rename(to[index])),
    destroy: strips.destroy,
  };
}
