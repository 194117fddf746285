// The images of the points: their codes, numbers and pixels.

import { makePainter, toLevels } from "./canvas.js";
import { h } from "./dom.js";
import { whole, wholeIn } from "./text.js";

/** @import { Bundle, Decode } from "./types.js" */

/**
 * @param {Bundle} bundle
 * @param {Decode} decode
 */
export function makePoints({ header, codes, numbers, parts, labels, groups, scores, files, framePoints }, decode) {
  const dim = header.latents.count;
  const [height, width, channels] = header.imageShape;
  const size = height * width * channels;
  const painter = makePainter(header);
  const levels = new Uint8ClampedArray(size);
  const frameOf = new Int32Array(header.points).fill(-1);
  framePoints.forEach((point, frame) => {
    frameOf[point] = frame;
  });
  /** @type {Uint8Array | null} */
  let frames = null;

  const pointOfNumber = new Map(Array.from(numbers, (number, point) => [number, point]));
  const isHidden = new Uint8Array(header.points);

  const points = {
    painter,
    hasFiles: files !== null,
    word: header.isVideo ? "frame" : "image",
    heldOut: parts.some((part) => part > 0),

    /** @param {number} point */
    codeOf: (point) => codes.subarray(point * dim, (point + 1) * dim),

    /** @param {number} point */
    isHeldOut: (point) => parts[point] > 0,

    /** The point of an image, by its number from 0, or -1. @param {number} number */
    pointOf: (number) => pointOfNumber.get(number) ?? -1,

    /** Hide groups. @param {import("./types.js").State["hidden"]} hidden */
    hide(hidden) {
      for (let point = 0; point < header.points; point++) {
        const isOfHidden =
          hidden.part.includes(Number(parts[point] > 0)) ||
          (labels !== null && hidden.label.includes(labels[point])) ||
          (groups !== null && hidden.group.includes(groups[point]));
        isHidden[point] = Number(isOfHidden);
      }
    },

    /** @param {number} point */
    isShown: (point) => isHidden[point] === 0,

    /** The file of the image, or "". @param {number} point */
    fileOf: (point) => files?.[point] ?? "",

    /**
     * The point of a number, or otherwise the next one after another whose file has a text in it, or -1. The last is
     * followed by the first.
     *
     * @param {string} text
     * @param {number} after
     */
    find(text, after) {
      const wanted = text.trim().toLowerCase();
      if (!wanted) return -1;
      const numbered = points.pointOf(wholeIn(wanted) - 1);
      if (numbered >= 0 && numbered !== after) return numbered;
      for (let step = 1; step <= header.points; step++) {
        const point = (Math.max(after, -1) + step) % header.points;
        if (files?.[point]?.toLowerCase().includes(wanted)) return point;
      }
      return numbered;
    },

    /** @param {number} point */
    partOf: (point) => header.parts[parts[point]],

    /**
     * The image's label and group, a comma before each, or "".
     *
     * @param {number} point
     */
    labelOf: (point) =>
      (labels ? `, ${header.labels[labels[point]]}` : "") + (groups ? `, ${header.groups[groups[point]]}` : ""),

    /** Of how many images the score is lower than the image's, 0 to below 1. @param {number} point */
    scoreOf: (point) => scores?.[point] ?? 0,

    /**
     * The colour of the image's label or group, or null.
     *
     * @param {"label" | "group"} kind
     * @param {number} point
     */
    colourOf: (kind, point) =>
      kind === "label" ? labels && header.labelColours[labels[point]] : groups && header.groupColours[groups[point]],

    /**
     * The image's number, counted from 1.
     *
     * @param {number} point
     */
    numberOf: (point) => whole(numbers[point] + 1),

    /**
     * The pixels of the image; null while frames are packed, or if the page holds only its code.
     *
     * @param {number} point
     */
    original: (point) =>
      frames && frameOf[point] >= 0 ? frames.subarray(frameOf[point] * size, (frameOf[point] + 1) * size) : null,

    /**
     * The pixels of the image, or otherwise of its reconstruction, in an array that is reused.
     *
     * @param {number} point
     */
    levelsOf: (point) => points.original(point) ?? toLevels(decode(points.codeOf(point)), levels),

    /** @param {number} point */
    canvasOf(point) {
      const canvas = h("canvas", { class: "crisp" });
      painter(canvas, points.levelsOf(point));
      return canvas;
    },

    /** @param {Uint8Array} pixels the pixels of all frames */
    setFrames(pixels) {
      frames = pixels;
    },
  };
  return points;
}

/** @typedef {ReturnType<typeof makePoints>} Points */
