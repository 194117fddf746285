// One image beside its reconstruction and the difference, in the page's colours: brighter warm, darker cool.

import { colourOf, h, toLevels } from "./dom.js";

export function makeComparison({ header, decode, painter }) {
  const [height, width, channels] = header.imageShape;
  const picture = (name) => h("canvas", { class: "crisp", width, height, role: "img", "aria-label": name });
  const original = picture("The original"), reconstruction = picture("Its reconstruction"), difference = picture("Their difference");
  const heading = h("p", { class: "what" });
  const score = h("span", { class: "score" });
  const figure = (canvas, ...caption) => h("figure", {}, canvas, h("figcaption", {}, ...caption));
  const pictures = h("div", { class: "pictures" }, figure(original, "original"), figure(reconstruction, "reconstruction"), figure(difference, "difference", score));
  const empty = h("p", { class: "hint" }, `Click a point on the plane to see its ${header.isVideo ? "frame" : "image"}, how the model rebuilds it, and what it misses.`);
  const element = h("div", { class: "comparison" }, heading, pictures, empty);
  const levels = new Uint8ClampedArray(height * width * channels);
  let last = null;

  function paintDifference(pixels) {
    const image = new ImageData(width, height);
    const paper = colourOf(element, "--panel"), brighter = colourOf(element, "--brighter"), darker = colourOf(element, "--darker");
    for (let pixel = 0; pixel < width * height; pixel++) {
      let apart = 0;
      for (let channel = 0; channel < channels; channel++) apart += pixels[pixel * channels + channel] - levels[pixel * channels + channel];
      apart /= channels;
      const strength = Math.min(Math.abs(apart) / 64, 1);
      const towards = apart > 0 ? brighter : darker;
      for (let channel = 0; channel < 3; channel++) image.data[4 * pixel + channel] = paper[channel] + (towards[channel] - paper[channel]) * strength;
      image.data[4 * pixel + 3] = 255;
    }
    difference.getContext("2d").putImageData(image, 0, 0);
  }

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
    let square = 0;
    for (let at = 0; at < levels.length; at++) square += (pixels[at] - levels[at]) ** 2;
    const rmse = Math.sqrt(square / levels.length);
    score.textContent = `RMSE ${rmse.toFixed(1)} grey levels`;
    return rmse;
  }
  show("", null, null);
  return { element, show, redraw: () => last && show(...last) };
}
