// Paints pixels, and reads the colours to paint with.

/** @import { Levels, Painter } from "./types.js" */

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
 * Paints images on canvases of the images' size. CSS enlarges them without smoothing.
 *
 * @param {[number, number, number]} shape height, width, channels: one for grey, three for colour
 * @returns {Painter}
 */
export function makePainter([height, width, channels]) {
  const image = new ImageData(width, height);
  const words = new Uint32Array(image.data.buffer);
  return (canvas, levels) => {
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    if (channels === 1) {
      for (let at = 0; at < words.length; at++) words[at] = 0xff000000 | (levels[at] * 0x010101);
    } else {
      for (let at = 0, from = 0; at < words.length; at++, from += 3) {
        words[at] = 0xff000000 | (levels[from + 2] << 16) | (levels[from + 1] << 8) | levels[from];
      }
    }
    contextOf(canvas).putImageData(image, 0, 0);
  };
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
  element.append(probe);
  const numbers = (getComputedStyle(probe).color.match(/[\d.]+/g) ?? []).map(Number);
  probe.remove();
  return numbers.slice(0, 3);
}
