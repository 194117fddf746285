// Where the model knows and where it guesses: the aggregate posterior's density, measured at export.

import { clamp } from "./clamp.js";

/** @import { Code, Density, DensityTables } from "./types.js" */

/**
 * Log-density of a code and what it means, from the density that Python measured.
 *
 * @param {DensityTables} tables
 * @param {number} latents how many there are
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
    // what is e^-16 of the largest counts for nothing
    for (let reference = 0; reference < count; reference++) {
      if (exponents[reference] > top - 16) sum += Math.exp(exponents[reference] - top);
    }
    return top + Math.log(sum / count);
  }

  /**
   * The share of training codes that lie in sparser places, 0 to 1.
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

  // from the sparsest hundredth to the sparsest tenth of the training codes is the edge
  const [, sparsest] = percentiles;
  const edge = percentiles[Math.round((percentiles.length - 1) / 10)];

  return {
    logDensity,

    /** 0 where training codes are common, 1 where there are none: how much to veil the plane. */
    doubt(code) {
      const value = logDensity(code);
      const t = clamp((edge - value) / Math.max(edge - sparsest + 4, 1e-6), 0, 1);
      return t * t * (3 - 2 * t);
    },

    /** In words. */
    describe(code) {
      const value = logDensity(code);
      const share = shareBelow(value);
      const percent = Math.max(1, Math.round(100 * share));
      if (value >= edge) {
        return {
          level: "known",
          word: "Typical",
          detail: `Denser than ${percent} % of the training images.`,
          confidence: 0.4 + 0.6 * share,
        };
      }
      if (value >= sparsest) {
        return {
          level: "edge",
          word: "Unusual",
          detail: `Only ${percent} % of the training images lie in as sparse a place.`,
          confidence: 0.25 + 1.5 * share,
        };
      }
      if (value >= sparsest - 4) {
        return {
          level: "guessing",
          word: "Extrapolating",
          detail: "Hardly any training image lies in as sparse a place.",
          confidence: 0.12,
        };
      }
      return {
        level: "lost",
        word: "Far from the data",
        detail: "No training image is near: the model extrapolates.",
        confidence: 0.02,
      };
    },
  };
}
