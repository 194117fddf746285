// Unpacks the pixels of the frames, which Python stored as compressed differences.

import { damaged } from "../errors.js";

/** @import { Bundle } from "../types.js" */

/**
 * All frames in one array, (frame, height, width, channel). The browser decompresses them, and then the differences are
 * summed up.
 *
 * @param {Pick<Bundle, "header" | "packedFrames">} bundle
 */
export async function unpackFrames({ header, packedFrames }) {
  const stream = new Blob([packedFrames]).stream().pipeThrough(new DecompressionStream("deflate"));
  const pixels = new Uint8Array(await new Response(stream).arrayBuffer());
  const [height, width, channels] = header.imageShape;
  const size = height * width * channels;
  if (pixels.length !== header.frames * size) throw damaged("frames");
  if (header.framesPacked === "before") {
    for (let at = size; at < pixels.length; at++) pixels[at] += pixels[at - size];
    return pixels;
  }
  const row = width * channels;
  for (let start = 0; start < pixels.length; start += row) {
    for (let at = start + channels; at < start + row; at++) pixels[at] += pixels[at - channels];
  }
  return pixels;
}
