// Is a picture like the data? Its code alone cannot say: whatever is shown to an encoder gets one, often among the others.

/**
 * Judges a picture by its reconstruction error, in grey levels; null where it is rebuilt as well as the data's are.
 *
 * @param options.percentiles of the same error over images of the data, 0 to 100
 * @param options.of which images those are, in words
 */
export function makeLikeness({ percentiles, of }) {
  const most = percentiles[99];
  return (error) => (error <= most ? null : {
    level: "lost",
    word: "Unlike the data",
    detail: `Your picture is rebuilt with an error of ${error.toFixed(1)} grey levels, 99 % of ${of} with at most ${most.toFixed(1)}.`,
    confidence: 0.02,
  });
}
