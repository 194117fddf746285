// Paints pixels, and reads the colours to paint with.

import { clamp } from "./clamp.js";

/** @import { Header, Levels, Painter } from "./types.js" */

/**
 * @param {HTMLCanvasElement} canvas
 * @param {CanvasRenderingContext2DSettings} [settings]
 */
export function contextOf(canvas, settings) {
  const context = canvas.getContext("2d", settings);
  if (!context) throw new Error("a canvas cannot be drawn on");
  return context;
}

/**
 * Paints images on canvases of the images' size. CSS enlarges them without smoothing. One channel is grey, three are
 * colour. Of other numbers, each channel has a colour, and the colours add up.
 *
 * @param {Pick<Header, "imageShape" | "channelColours">} header
 * @returns {Painter}
 */
export function makePainter({ imageShape: [height, width, channels], channelColours }) {
  const image = new ImageData(width, height);
  const words = new Uint32Array(image.data.buffer);
  return (canvas, levels) => {
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    if (channels === 1) {
      for (let at = 0; at < words.length; at++) words[at] = 0xff000000 | (levels[at] * 0x010101);
    } else if (channels === 3) {
      for (let at = 0, from = 0; at < words.length; at++, from += 3) {
        words[at] = 0xff000000 | (levels[from + 2] << 16) | (levels[from + 1] << 8) | levels[from];
      }
    } else addColours(image.data, levels, channelColours);
    contextOf(canvas).putImageData(image, 0, 0);
  };
}

/**
 * Write the sum of the channels' colours as RGBA.
 *
 * @param {Uint8ClampedArray} data clipped at 255 by its type
 * @param {Levels} levels
 * @param {[number, number, number][]} colours
 */
export function addColours(data, levels, colours) {
  for (let at = 0, from = 0; at < data.length; at += 4, from += colours.length) {
    for (let part = 0; part < 3; part++) {
      let sum = 0;
      for (let channel = 0; channel < colours.length; channel++) sum += levels[from + channel] * colours[channel][part];
      data[at + part] = sum / 255;
    }
    data[at + 3] = 255;
  }
}

/**
 * Write expected pixels in [0, 1] to `levels` as grey levels.
 *
 * @template {Levels} L
 * @param {ArrayLike<number>} pixels
 * @param {L} levels
 */
export function toLevels(pixels, levels) {
  for (let at = 0; at < pixels.length; at++) levels[at] = Math.round(255 * pixels[at]);
  return levels;
}

/**
 * A CSS colour variable as [red, green, blue], in the current theme.
 *
 * @param {HTMLElement} element
 * @param {string} variable
 */
export function colourOf(element, variable) {
  const probe = document.createElement("i");
  probe.style.color = `var(${variable})`;
  // with forced colours too: they tell groups apart
  probe.style.setProperty("forced-color-adjust", "none");
  element.append(probe);
  const numbers = (getComputedStyle(probe).color.match(/[\d.]+/g) ?? []).map(Number);
  probe.remove();
  return numbers.slice(0, 3);
}

/** The least and greatest ratio of the sides that images are shown with: narrower ones are stretched. */
const MOST_ASPECT = 6;

/** Width by height as images are shown. @param {Header} header */
export const shownAspect = ({ imageShape: [height, width] }) => clamp(width / height, 1 / MOST_ASPECT, MOST_ASPECT);
