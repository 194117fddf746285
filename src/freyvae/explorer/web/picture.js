// Reads a picture of the user, crops it and scales it to the model's size, as bytes for the encoder.

import { contextOf } from "./canvas.js";
import { ExplorerError } from "./errors.js";
import { capital } from "./text.js";

/**
 * The bytes of a dropped or chosen file, (height, width, channel), and a note about changes to the picture.
 *
 * @param {File} file
 * @param {[number, number, number]} shape the shape of the model's images
 */
export async function readPicture(file, [height, width, channels]) {
  let bitmap;
  try {
    // without colour management, as Python reads the file
    bitmap = await createImageBitmap(file, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  } catch {
    throw new ExplorerError(`This browser cannot read “${file.name || "the file"}” as a picture. Try a PNG or a JPEG.`);
  }
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = contextOf(canvas, { willReadFrequently: true });
  // transparent parts are laid on white, as in Python
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = "high";
  const scale = Math.max(width / bitmap.width, height / bitmap.height);
  const cutWidth = width / scale;
  const cutHeight = height / scale;
  const left = (bitmap.width - cutWidth) / 2;
  const top = (bitmap.height - cutHeight) / 2;
  context.drawImage(bitmap, left, top, cutWidth, cutHeight, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  const levels = new Uint8Array(height * width * channels);
  let coloured = false;
  for (let pixel = 0; pixel < height * width; pixel++) {
    const [red, green, blue] = data.subarray(4 * pixel, 4 * pixel + 3);
    if (channels === 3) levels.set([red, green, blue], 3 * pixel);
    else {
      // ITU-R 601 luma
      levels[pixel] = Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
      coloured ||= red !== green || green !== blue;
    }
  }
  const resized = bitmap.width !== width || bitmap.height !== height;
  const cropped = Math.abs(cutWidth - bitmap.width) > 0.5 || Math.abs(cutHeight - bitmap.height) > 0.5;
  const done = [
    resized && `resized from ${bitmap.height} by ${bitmap.width} to ${height} by ${width} pixels`,
    cropped && "cropped about its centre",
    coloured && "turned to grey",
  ].filter(Boolean);
  bitmap.close();
  return { levels, note: done.length ? capital(`${done.join(", ")}.`) : "Taken unchanged." };
}
