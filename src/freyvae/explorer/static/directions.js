// Directions with names: a few images of "this", a few of "that", and the line between their mean codes is a slider.

import { h, some } from "./dom.js";

/** The mean of some points' codes. */
export function meanCode(codes, dim, points) {
  const mean = new Float64Array(dim);
  for (const point of points) for (let latent = 0; latent < dim; latent++) mean[latent] += codes[point * dim + latent] / points.length;
  return mean;
}

/** A line through latent space: its middle, its unit vector, and half its length, in latents. */
export function lineBetween(less, more) {
  const apart = more.map((value, latent) => value - less[latent]);
  const length = Math.hypot(...apart);
  if (!(length > 1e-9)) return null;
  return { middle: more.map((value, latent) => (value + less[latent]) / 2), along: apart.map((value) => value / length), half: length / 2 };
}

/** How far along a line a code lies, in latents, from its middle. */
export const alongLine = ({ middle, along }, code) => along.reduce((sum, by, latent) => sum + by * (code[latent] - middle[latent]), 0);

/** The two trays and the button that makes a slider of them. */
export function makeTrays({ word, frameNumber, thumbnailCanvas, onchange, onmake }) {
  const trays = {};
  const message = h("p", { class: "hint" });
  const name = h("input", { type: "text", class: "field", placeholder: "smiling", maxlength: 60, "aria-label": "Name of the direction", autocomplete: "off" });
  const make = h("button", { type: "submit", disabled: true }, "Make a slider");

  function tray(key, title) {
    const held = h("div", { class: "thumbs" });
    const add = h("button", { type: "button", class: "quiet small", disabled: true, onclick: () => current !== null && put(key, current) });
    trays[key] = { points: [], held, add, title };
    return h("div", { class: "tray", role: "group", "aria-label": title }, h("span", { class: "tray-name" }, title), held, add);
  }

  let current = null;
  const element = h("form", {
    class: "trays",
    onsubmit: (event) => {
      event.preventDefault();
      const made = { name: name.value.trim() || "direction", more: trays.more.points, less: trays.less.points };
      if (!made.more.length || !made.less.length) return;
      const refused = onmake(made);
      message.textContent = refused ?? "";
      if (refused) return;
      name.value = "";
      setPoints([], []);
      onchange([], []);
    },
  }, tray("more", "This"), tray("less", "That"), h("div", { class: "row" }, name, make), message);

  function put(key, point) {
    const other = trays[key === "more" ? "less" : "more"];
    other.points = other.points.filter((held) => held !== point);
    if (!trays[key].points.includes(point)) trays[key].points = [...trays[key].points, point];
    changed();
  }
  function changed() {
    draw();
    onchange(trays.more.points, trays.less.points);
  }
  function draw() {
    for (const { points, held, add, title } of Object.values(trays)) {
      held.replaceChildren(...points.map((point) => h("button", {
        type: "button", class: "thumb", "aria-label": `Take ${word} ${frameNumber(point)} out of ${title.toLowerCase()}`, title: "Take out",
        onclick: () => { for (const each of Object.values(trays)) each.points = each.points.filter((kept) => kept !== point); changed(); },
      }, thumbnailCanvas(point))));
      add.disabled = current === null;
      add.textContent = current === null ? `Choose ${some(word)} first` : `Add ${word} ${frameNumber(current)}`;
    }
    make.disabled = !(trays.more.points.length && trays.less.points.length);
  }
  function setPoints(more, less) {
    trays.more.points = [...more];
    trays.less.points = [...less];
    draw();
  }
  draw();
  return { element, setPoints, redraw: draw, setCurrent(point) { current = point; draw(); } };
}
