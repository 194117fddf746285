// Is a picture like the data? Its code alone cannot say: whatever is shown to an encoder gets one, often among the others.

/** @import { Header, Knowledge } from "./types.js" */

/**
 * Judges a picture by its reconstruction error, in grey levels; null where it is rebuilt as well as the data's are.
 *
 * @param {Header["likeness"]} likeness percentiles of the same error over images, 0 to 100, and which images those are
 * @returns {(error: number) => Knowledge | null}
 */
export function makeLikeness({ percentiles, of }) {
  const most = percentiles[99];
  return (error) => {
    if (error <= most) return null;
    const detail =
      `Your picture is rebuilt with an error of ${error.toFixed(1)} grey levels, ` +
      `99 % of ${of} with at most ${most.toFixed(1)}.`;
    return { level: "lost", word: "Unlike the data", detail, confidence: 0.02 };
  };
}
