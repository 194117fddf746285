// The menu that saves what one sees: the picture, pictures along the latents, a walk.

import { contextOf, toLevels } from "../canvas.js";
import { h } from "../dom.js";
import { encodeGif } from "../gif.js";
import { makeWalk } from "../walk.js";

/** @import { Model } from "../model.js" */
/** @import { Code, Header, Painter } from "../types.js" */

// pixels of a side that saved pictures have about
const PICTURE = 512;
const TILE = 96;
const MOVING = 192;
const ALONG = 9; // pictures along a latent
const MOST_LATENTS = 10; // in the order of what they say
const FRAMES = 64;
const FRAMES_A_SECOND = 10;

/**
 * @param {object} options
 * @param {Header} options.header
 * @param {Model} options.model
 * @param {Painter} options.painter
 * @param {() => number[]} options.where returns the current latents
 * @param {() => string[]} options.names of the latents, as they are called now
 */
export function makeSave({ header, model, painter, where, names }) {
  const [height, width, channels] = header.imageShape;
  const levels = new Uint8ClampedArray(height * width * channels);

  /**
   * The decoded image on a canvas of its own, each pixel so many times as large.
   *
   * @param {Code} code
   * @param {number} times
   */
  function picture(code, times) {
    const small = document.createElement("canvas");
    painter(small, toLevels(model.decode(code), levels));
    const canvas = document.createElement("canvas");
    canvas.width = width * times;
    canvas.height = height * times;
    const context = contextOf(canvas, { willReadFrequently: true });
    context.imageSmoothingEnabled = false;
    context.drawImage(small, 0, 0, canvas.width, canvas.height);
    return canvas;
  }

  /** @param {number} side */
  const timesFor = (side) => Math.max(Math.round(side / Math.max(height, width)), 1);

  /**
   * A row for each latent; of two latents a picture for each place of the plane.
   */
  function traversals() {
    const { count, plane, unit } = header.latents;
    const order = header.order?.order.slice(0, MOST_LATENTS) ?? [...Array(count).keys()];
    const times = timesFor(TILE);
    const isPlane = count === 2;
    const rows = isPlane ? ALONG : order.length;
    const margin = isPlane ? 0 : 64;
    const canvas = document.createElement("canvas");
    canvas.width = margin + ALONG * width * times;
    canvas.height = rows * height * times;
    const context = contextOf(canvas);
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.fillStyle = "#1d2126";
    context.font = "14px system-ui, sans-serif";
    context.textBaseline = "middle";
    const reach = plane * unit;
    /** @type {(place: number, places: number) => number} */
    const value = (place, places) => ((2 * place) / (places - 1) - 1) * reach;
    for (let row = 0; row < rows; row++) {
      if (!isPlane) context.fillText(names()[order[row]], 8, (row + 0.5) * height * times, margin - 16);
      for (let column = 0; column < ALONG; column++) {
        const code = Float32Array.from(where());
        if (isPlane) code.set([value(column, ALONG), -value(row, rows)]);
        else code[order[row]] = value(column, ALONG);
        context.drawImage(picture(code, times), margin + column * width * times, row * height * times);
      }
    }
    return canvas;
  }

  /** @returns {Blob} */
  function walk() {
    const path = makeWalk(where(), { draw: model.draw });
    const times = timesFor(MOVING);
    const frames = Array.from({ length: FRAMES }, (_, frame) => {
      const canvas = picture(path.at(frame / FRAMES_A_SECOND), times);
      return contextOf(canvas).getImageData(0, 0, canvas.width, canvas.height).data;
    });
    const options = { width: width * times, height: height * times, hundredths: 100 / FRAMES_A_SECOND };
    return new Blob([encodeGif({ ...options, frames, isGrey: channels === 1 })], { type: "image/gif" });
  }

  /** @param {HTMLCanvasElement} canvas */
  const toPng = (canvas) =>
    /** @type {Promise<Blob | null>} */ (new Promise((done) => canvas.toBlob(done, "image/png")));

  /**
   * @param {string} name
   * @param {Blob | null} blob
   */
  function download(name, blob) {
    if (!blob) throw new Error("the browser cannot write this picture");
    const address = URL.createObjectURL(blob);
    h("a", { href: address, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
  }

  const called = header.title.replace(/[^\p{L}\p{N}-]+/gu, "-").slice(0, 60) || "freyvae";
  /** @type {[string, () => Promise<void>][]} */
  const choices = [
    ["Picture (PNG)", async () => download(`${called}.png`, await toPng(picture(where(), timesFor(PICTURE))))],
    [
      header.latents.count === 2 ? "Plane (PNG)" : "Along the latents (PNG)",
      async () => download(`${called}-latents.png`, await toPng(traversals())),
    ],
    ["Walk (GIF)", async () => download(`${called}-walk.gif`, walk())],
  ];
  const menu = h("details", {
    class: "menu",
    onfocusout: (event) => {
      if (!menu.contains(/** @type {Node | null} */ (event.relatedTarget))) menu.open = false;
    },
    onkeydown: (event) => {
      if (event.key !== "Escape") return;
      menu.open = false;
      summary.focus();
    },
  });
  const summary = h("summary", { class: "button small quiet" }, "Save");
  menu.append(
    summary,
    h(
      "div",
      { class: "items" },
      choices.map(([text, save]) => {
        const onclick = () => {
          menu.open = false;
          summary.focus();
          save();
        };
        return h("button", { type: "button", class: "small", onclick }, text);
      }),
    ),
  );
  return { element: menu };
}
