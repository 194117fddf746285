// Judges whether a picture is like the data. Its code is no evidence: the encoder gives every picture one, often among
// the codes of the data.

import { clamp } from "./clamp.js";

/** @import { Header, Knowledge } from "./types.js" */

/**
 * Judges a picture by its reconstruction error, in grey levels.
 *
 * @param {Header["likeness"]} likeness percentiles of the same error over images, 0 to 100, and which images those are
 */
export function makeLikeness({ percentiles, of }) {
  /** How many in a hundred of the images have a smaller error. @param {number} error */
  const rank = (error) => clamp(percentiles.filter((value) => value < error).length - 1, 0, 100);
  return {
    /** @param {number} error */
    inWords: (error) => `RMSE ${error.toFixed(1)} grey levels, larger than for ${rank(error)} % of ${of}`,
    /** Whether the error is larger than for nearly all of the data. @type {(error: number) => Knowledge | null} */
    unlikeness: (error) =>
      error <= percentiles[99]
        ? null
        : {
            level: "lost",
            word: "Unlike the data",
            detail: `An error of ${error.toFixed(1)} grey levels, larger than for 99 % of ${of}.`,
            confidence: 0.02,
          },
  };
}
