// Unpacks the pixels of the frames, which Python stored as a picture or as compressed differences.

import { contextOf } from "../canvas.js";
import { damaged } from "../errors.js";

/** @import { Bundle, Header } from "../types.js" */

/**
 * All frames in one array, (frame, height, width, channel).
 *
 * @param {Pick<Bundle, "header" | "packedFrames">} bundle
 */
export async function unpackFrames({ header, packedFrames }) {
  return header.framesPacked === "sheet" ? ofSheet(header, packedFrames) : ofDifferences(header, packedFrames);
}

/**
 * The frames of a lossless picture that has them in rows.
 *
 * @param {Header} header
 * @param {Uint8Array<ArrayBuffer>} bytes
 */
async function ofSheet({ imageShape: [height, width, channels], frames }, bytes) {
  const sheet = await createImageBitmap(new Blob([bytes]), { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  const columns = sheet.width / width;
  const canvas = document.createElement("canvas");
  canvas.width = sheet.width;
  canvas.height = height;
  const context = contextOf(canvas, { willReadFrequently: true });
  const pixels = new Uint8Array(frames * height * width * channels);
  let to = 0;
  for (let frame = 0; frame < frames; frame++) {
    const column = frame % columns;
    if (column === 0) context.drawImage(sheet, 0, -Math.floor(frame / columns) * height);
    const { data } = context.getImageData(column * width, 0, width, height);
    for (let from = 0; from < data.length; from += 4) {
      for (let channel = 0; channel < channels; channel++) pixels[to++] = data[from + channel];
    }
  }
  sheet.close();
  return pixels;
}

/**
 * The browser decompresses them, and then the differences are summed up.
 *
 * @param {Header} header
 * @param {Uint8Array<ArrayBuffer>} bytes
 */
async function ofDifferences({ imageShape: [height, width, channels], frames, framesPacked }, bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const pixels = new Uint8Array(await new Response(stream).arrayBuffer());
  const size = height * width * channels;
  if (pixels.length !== frames * size) throw damaged("frames");
  if (framesPacked === "before") {
    for (let at = size; at < pixels.length; at++) pixels[at] += pixels[at - size];
    return pixels;
  }
  const row = width * channels;
  for (let start = 0; start < pixels.length; start += row) {
    for (let at = start + channels; at < start + row; at++) pixels[at] += pixels[at - channels];
  }
  return pixels;
}
