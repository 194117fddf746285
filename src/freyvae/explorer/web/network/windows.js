// Sliding windows over an image, for pools.

/** @import { Shape, WindowOptions } from "../types.js" */

/**
 * The input pixel for each (row, column, tap) of the windows, or -1 outside of the image.
 *
 * @param {Shape} given
 * @param {Shape} shape
 * @param {number[]} size
 * @param {WindowOptions} options
 */
export function windowTaps([height, width], [outHeight, outWidth], size, { strides, pads }) {
  const taps = new Int32Array(outHeight * outWidth * size[0] * size[1]);
  let at = 0;
  for (let row = 0; row < outHeight; row++) {
    for (let column = 0; column < outWidth; column++) {
      for (let down = 0; down < size[0]; down++) {
        for (let across = 0; across < size[1]; across++) {
          const y = row * strides[0] + down - pads[0][0];
          const x = column * strides[1] + across - pads[1][0];
          taps[at++] = y >= 0 && y < height && x >= 0 && x < width ? y * width + x : -1;
        }
      }
    }
  }
  return taps;
}
