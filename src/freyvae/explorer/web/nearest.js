// Finds the images whose codes are nearest to a code.

/** @import { Bundle, Code } from "./types.js" */

/**
 * A search through all points whose pixels the page holds. It returns at most `count` of them, the nearest first.
 *
 * The distance is Euclidean, each latent in units of the density's width: the deviation of the posteriors, and the
 * density's smoothing. A latent that says nothing of an image hardly counts.
 *
 * @param {Pick<Bundle, "codes" | "framePoints" | "density">} bundle
 * @returns {(code: Code, count: number) => number[]}
 */
export function makeNearest({ codes, framePoints, density: { widths } }) {
  const dim = widths.length;
  const inverse = Float64Array.from(widths, (width) => 1 / width);
  return (code, count) => {
    /** @type {number[]} */
    const found = [];
    /** @type {number[]} */
    const squares = [];
    for (const point of framePoints) {
      const most = found.length < count ? Infinity : squares[count - 1];
      let square = 0;
      for (let latent = 0, at = point * dim; latent < dim && square < most; latent++, at++) {
        const apart = (code[latent] - codes[at]) * inverse[latent];
        square += apart * apart;
      }
      if (square >= most) continue;
      let place = Math.min(found.length, count - 1);
      for (; place > 0 && squares[place - 1] > square; place--) {
        squares[place] = squares[place - 1];
        found[place] = found[place - 1];
      }
      squares[place] = square;
      found[place] = point;
    }
    return found;
  };
}
