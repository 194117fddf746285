// The density of the aggregate posterior. It is high near the codes of the training images. Elsewhere the model
// guesses.

import { clamp } from "./clamp.js";

/** @import { Code, Density, DensityTables } from "./types.js" */

/**
 * The log-density of a code and what it means, from the tables that Python computed.
 *
 * @param {DensityTables} tables
 * @param {number} latents number of latents
 * @returns {Density}
 */
export function makeDensity({ references, widths, percentiles }, latents) {
  const count = references.length / latents;
  const inverse = Float64Array.from(widths, (width) => 1 / width);
  const scaled = new Float64Array(references.length);
  for (let at = 0; at < references.length; at++) scaled[at] = references[at] * inverse[at % latents];
  const exponents = new Float64Array(count);

  /** @param {Code} code */
  function logDensity(code) {
    let top = -Infinity;
    for (let reference = 0, at = 0; reference < count; reference++) {
      let square = 0;
      for (let latent = 0; latent < latents; latent++, at++) {
        const apart = code[latent] * inverse[latent] - scaled[at];
        square += apart * apart;
      }
      const exponent = -0.5 * square;
      exponents[reference] = exponent;
      if (exponent > top) top = exponent;
    }
    let sum = 0;
    // terms below e^-16 of the largest are negligible
    for (let reference = 0; reference < count; reference++) {
      if (exponents[reference] > top - 16) sum += Math.exp(exponents[reference] - top);
    }
    return top + Math.log(sum / count);
  }

  /**
   * The share of draws from the posteriors of training images with a lower density, 0 to 1.
   *
   * @param {number} value a log-density
   */
  function shareBelow(value) {
    const last = percentiles.length - 1;
    if (value <= percentiles[0]) return 0;
    if (value >= percentiles[last]) return 1;
    let low = 0;
    let high = last;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (percentiles[middle] <= value) low = middle;
      else high = middle;
    }
    return (low + (value - percentiles[low]) / Math.max(percentiles[high] - percentiles[low], 1e-9)) / last;
  }

  // with many latents much of the space among the codes is empty: it is the code that is typical, not what it draws
  const kind = latents > 2 ? " code" : "";

  // the edge reaches from the 1st to the 10th percentile of draws from the posteriors of training images
  const [, sparsest] = percentiles;
  const edge = percentiles[Math.round((percentiles.length - 1) / 10)];

  return {
    logDensity,

    /** The opacity of the veil: 0 where training codes are common, 1 where there are none. */
    doubt(code) {
      const value = logDensity(code);
      const t = clamp((edge - value) / Math.max(edge - sparsest + 4, 1e-6), 0, 1);
      return t * t * (3 - 2 * t);
    },

    /** The density of a code in words. */
    describe(code) {
      const value = logDensity(code);
      const share = shareBelow(value);
      const percent = Math.max(1, Math.round(100 * share));
      if (value >= edge) {
        return {
          level: "known",
          word: `Typical${kind}`,
          detail: `Denser than ${percent} % of the training images.`,
          confidence: 0.4 + 0.6 * share,
        };
      }
      if (value >= sparsest) {
        return {
          level: "edge",
          word: `Unusual${kind}`,
          detail: `Denser than only ${percent} % of the training images.`,
          confidence: 0.25 + 1.5 * share,
        };
      }
      if (value >= sparsest - 4) {
        return {
          level: "guessing",
          word: "Extrapolating",
          detail: "Denser than hardly any training image.",
          confidence: 0.12,
        };
      }
      return {
        level: "lost",
        word: "Far from the data",
        detail: "No training image is near.",
        confidence: 0.02,
      };
    },
  };
}
