// An image, its reconstruction and their difference. The difference is in the page's colours: brighter is warm, darker
// is cool.

import { colourOf, contextOf, toLevels } from "../canvas.js";
import { h } from "../dom.js";

/** @import { Model } from "../model.js" */
/** @import { Code, Header, Levels, Painter } from "../types.js" */

// a difference of this many grey levels has the full colour
const FULL_COLOUR = 64;
const ELLIPSE = " The ellipse on the plane is its posterior, to two deviations.";
const ELLIPSE_BUT_ON_MAP = " On a plane of latents or components the ellipse is its posterior, to two deviations.";

/** @param {{ header: Header, model: Model, painter: Painter }} options */
export function makeComparison({ header, model, painter }) {
  const { decode } = model;
  const [height, width, channels] = header.imageShape;
  /** @param {string} name */
  const picture = (name) => h("canvas", { class: "crisp", width, height, role: "img", "aria-label": name });
  const original = picture("The original");
  const reconstruction = picture("Its reconstruction");
  const difference = picture("Their difference");
  const heading = h("p", { class: "what" });
  const score = h("p", { class: "score" });
  const element = h(
    "div",
    { class: "comparison" },
    heading,
    h(
      "div",
      { class: "pictures" },
      h("figure", {}, original, h("figcaption", {}, "original")),
      h("figure", {}, reconstruction, h("figcaption", {}, "recon\u00adstruction")),
      h("figure", {}, difference, h("figcaption", {}, "difference")),
    ),
    score,
    h(
      "p",
      { class: "hint" },
      `Click a point on the plane to see its ${header.isVideo ? "frame" : "image"}, ` +
        "its reconstruction, and their difference.",
    ),
  );
  const hasEllipse = model.encode && header.latents.count > 1;
  const ellipse = hasEllipse ? (header.map ? ELLIPSE_BUT_ON_MAP : ELLIPSE) : "";
  const levels = new Uint8ClampedArray(height * width * channels);
  /** @type {[string, Levels | null, Code | null]} */
  let last = ["", null, null];

  /** @param {Levels} pixels */
  function paintDifference(pixels) {
    const image = new ImageData(width, height);
    const paper = colourOf(element, "--panel");
    const brighter = colourOf(element, "--brighter");
    const darker = colourOf(element, "--darker");
    for (let pixel = 0; pixel < width * height; pixel++) {
      let apart = 0;
      for (let channel = 0, at = pixel * channels; channel < channels; channel++, at++) {
        apart += pixels[at] - levels[at];
      }
      apart /= channels;
      const strength = Math.min(Math.abs(apart) / FULL_COLOUR, 1);
      const towards = apart > 0 ? brighter : darker;
      for (let channel = 0; channel < 3; channel++) {
        image.data[4 * pixel + channel] = paper[channel] + (towards[channel] - paper[channel]) * strength;
      }
      image.data[4 * pixel + 3] = 255;
    }
    contextOf(difference).putImageData(image, 0, 0);
  }

  /**
   * @param {string} title
   * @param {Levels | null} pixels null if the page has only the code
   * @param {Code | null} code null if there is nothing to compare
   * @returns {number | null} the root mean squared error of the reconstruction, in grey levels
   */
  function show(title, pixels, code) {
    last = [title, pixels, code];
    heading.textContent = title;
    element.classList.toggle("nothing", !code);
    if (!code) return null;
    toLevels(decode(code), levels);
    painter(reconstruction, levels);
    element.classList.toggle("no-original", !pixels);
    if (!pixels) {
      score.textContent = "";
      return null;
    }
    painter(original, pixels);
    paintDifference(pixels);
    const error = rootMeanSquare(pixels, levels);
    score.textContent = `${model.likeness.inWords(error)}.${ellipse}`;
    return error;
  }

  /**
   * The error of a reconstruction, as it is shown.
   *
   * @param {Levels} pixels
   * @param {Code} code
   */
  function errorOf(pixels, code) {
    return rootMeanSquare(pixels, toLevels(decode(code), new Uint8ClampedArray(levels.length)));
  }

  show(...last);
  return { element, show, errorOf, redraw: () => show(...last) };
}

/**
 * The root mean squared difference of two images.
 *
 * @param {Levels} one
 * @param {Levels} other
 */
function rootMeanSquare(one, other) {
  let square = 0;
  for (let at = 0; at < other.length; at++) square += (one[at] - other[at]) ** 2;
  return Math.sqrt(square / other.length);
}
