// Judges whether a picture is like the data. Its code is no evidence: the encoder gives every picture one, often among
// the codes of the data.

/** @import { Header, Knowledge } from "./types.js" */

/**
 * Judges a picture by its reconstruction error, in grey levels; null if the error is as small as for the data.
 *
 * @param {Header["likeness"]} likeness percentiles of the same error over images, 0 to 100, and which images those are
 * @returns {(error: number) => Knowledge | null}
 */
export function makeLikeness({ percentiles, of }) {
  const most = percentiles[99];
  return (error) => {
    if (error <= most) return null;
    const detail =
      `Your picture is reconstructed with an error of ${error.toFixed(1)} grey levels. ` +
      `For 99 % of ${of} it is at most ${most.toFixed(1)}.`;
    return { level: "lost", word: "Unlike the data", detail, confidence: 0.02 };
  };
}
