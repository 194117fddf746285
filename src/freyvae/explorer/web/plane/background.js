// The background of the plane: decoded images, and a veil where the model guesses. Where a place has no code of its own,
// images are drawn where data is, decoded from the codes of images that are there.

import { colourOf, contextOf, makePainter, toLevels } from "../canvas.js";
import { clamp } from "../clamp.js";
import { h } from "../dom.js";
import { debounced, makeSlicer, waited } from "../timing.js";

/** @import { Model } from "../model.js" */
/** @import { Header } from "../types.js" */
/** @import { Points } from "../points.js" */
/** @import { Served } from "../served.js" */
/** @import { Cloud } from "../cloud/cloud.js" */
/** @import { CloudLayer } from "./cloud_layer.js" */
/** @import { Geometry } from "./geometry.js" */

const VEIL = 56; // cells on each side of the veil
const TILES = 165;
// with a decoder slower than this, there are pauses between the images
const SLOW_MILLISECONDS = 40;
const PAUSE_STEPS = 40;
// after the last zoom, until pictures are asked for
const WAIT_MILLISECONDS = 120;

const MOST_ASPECT = 2; // of the plane

/**
 * @param {object} options
 * @param {Header} options.header
 * @param {Model} options.model
 * @param {Points} options.points
 * @param {Geometry} options.geometry
 * @param {Served | null} options.served
 */
export function makeBackground({ header, model, points, geometry, served }) {
  const [height, width, channels] = header.imageShape;
  const columns = clamp(Math.round(Math.sqrt((TILES * height) / width)), 3, 24);
  const rows = clamp(Math.round((columns * width) / height), 3, 24);
  const faces = h("canvas", { class: "layer crisp", width: columns * width, height: rows * height });
  const veil = h("canvas", { class: "layer", width: VEIL, height: VEIL });
  const tile = document.createElement("canvas");
  const painter = makePainter(header);
  const levels = new Uint8ClampedArray(height * width * channels);
  const sliceFaces = makeSlicer();
  const sliceVeil = makeSlicer();
  const origin = new Float32Array(header.latents.count);
  /** @type {{ layer: CloudLayer, cloud: Cloud } | null} */
  let all = null;
  let asked = 0;

  /**
   * The code that a tile shows, or null.
   *
   * @param {number} column
   * @param {number} row
   * @param {Int32Array | null} inhabitants the point of each tile; null where each place has a code of its own
   */
  function codeOf(column, row, inhabitants) {
    const [right, below] = [(column + 0.5) / columns, (row + 0.5) / rows];
    if (!inhabitants) return geometry.latentsAt(right, below, origin, new Float32Array(origin.length));
    const point = inhabitants[row * columns + column];
    return point < 0 ? null : points.codeOf(point);
  }

  /** @param {HTMLElement} board */
  function* drawFaces(board) {
    const context = contextOf(faces);
    context.clearRect(0, 0, faces.width, faces.height);
    const inhabitants = geometry.isSlice ? null : geometry.pointsOfTiles(columns, rows);
    const began = performance.now();
    for (const [number, [column, row]] of fromTheMiddle(columns, rows).entries()) {
      const code = codeOf(column, row, inhabitants);
      if (!code) continue;
      painter(tile, toLevels(yield* waited(model.decodeByAny(code)), levels));
      context.drawImage(tile, column * width, row * height);
      const isSlow = number > 0 && (performance.now() - began) / number > SLOW_MILLISECONDS;
      for (let pause = isSlow ? PAUSE_STEPS : 0; pause > 0; pause--) yield;
      yield;
    }
    board.dataset.faces = "drawn";
  }

  /** @param {HTMLElement} board */
  function* drawVeil(board) {
    const image = new ImageData(VEIL, VEIL);
    const [red, green, blue] = colourOf(board, "--paper");
    const code = new Float32Array(origin.length);
    for (let row = 0; row < VEIL; row++) {
      for (let column = 0; column < VEIL; column++) {
        geometry.latentsAt((column + 0.5) / VEIL, (row + 0.5) / VEIL, origin, code);
        image.data.set([red, green, blue, 60 + 175 * model.density.doubt(code)], 4 * (row * VEIL + column));
        yield;
      }
    }
    contextOf(veil).putImageData(image, 0, 0);
    board.dataset.veil = "drawn";
  }

  /** Draw the pictures themselves where the server has them: of each tile, the image nearest to its centre. */
  async function drawThumbnails() {
    const mine = ++asked;
    if (geometry.isSlice || !all?.layer.isThere || !served?.has("pictures")) return;
    const [wide, high] = [geometry.width / columns, geometry.height / rows];
    const found = [];
    for (const [column, row] of fromTheMiddle(columns, rows)) {
      const point = all.layer.near((column + 0.5) * wide, (row + 0.5) * high, Math.min(wide, high) / 2);
      if (point >= 0) found.push({ column, row, number: all.cloud.numberOf(point) });
    }
    const pictures = await served.pictures(found.map(({ number }) => number)).catch(() => []);
    if (mine !== asked || !pictures.length) return;
    // not to be drawn over
    sliceFaces([][Symbol.iterator]());
    const context = contextOf(faces);
    context.clearRect(0, 0, faces.width, faces.height);
    found.forEach(({ column, row }, at) => {
      painter(tile, pictures[at]);
      context.drawImage(tile, column * width, row * height);
    });
    faces.dataset.thumbnails = String(found.length);
    /** @type {HTMLElement} */ (faces.parentElement).dataset.faces = "drawn";
  }
  const drawThumbnailsSoon = debounced(drawThumbnails, WAIT_MILLISECONDS);

  function draw() {
    const board = /** @type {HTMLElement} */ (faces.parentElement);
    delete board.dataset.faces;
    delete board.dataset.veil;
    sliceFaces(drawFaces(board));
    if (geometry.isSlice) sliceVeil(drawVeil(board));
    asked++;
    delete faces.dataset.thumbnails;
    if (all) drawThumbnailsSoon();
  }

  return {
    faces,
    veil,
    aspectRatio: String(clamp((columns * width) / (rows * height), 1 / MOST_ASPECT, MOST_ASPECT)),
    draw,
    /** @type {(layer: CloudLayer, cloud: Cloud) => void} */
    setCloud(layer, cloud) {
      all = { layer, cloud };
    },
    /**
     * Smooth the faces if they have more pixels than the board, which would otherwise skip some of their rows.
     *
     * @param {number} pixels the width of the board
     */
    smooth(pixels) {
      faces.classList.toggle("crisp", columns * width <= pixels);
    },
  };
}

/**
 * Tiles from the centre outwards, since people look at the centre first.
 *
 * @param {number} columns
 * @param {number} rows
 */
function fromTheMiddle(columns, rows) {
  const tiles = Array.from({ length: columns * rows }, (_, index) => [index % columns, Math.floor(index / columns)]);
  /** @param {number[]} tile */
  const apart = ([column, row]) => ((column + 0.5) / columns - 0.5) ** 2 + ((row + 0.5) / rows - 0.5) ** 2;
  return tiles.sort((a, b) => apart(a) - apart(b));
}
