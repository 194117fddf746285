// The model of a bundle: it decodes, encodes, draws from the prior, and judges codes.

import { makeDensity } from "./density.js";
import { makeLikeness } from "./likeness.js";
import { compile, firstOutput } from "./network/compile.js";
import { normal } from "./walk.js";

/** @import { Bundle } from "./types.js" */

/** @param {Bundle} bundle */
export function makeModel(bundle) {
  const { header, priorDraws } = bundle;
  const { count: dim, unit, limit, priorDraws: draws } = header.latents;
  const encoder = header.encoder;
  /** @type {ReturnType<typeof compile> | null} */
  let prepared = null;
  /**
   * The encoder is prepared when it is first used, so that the first face appears sooner.
   *
   * @type {((pixels: ArrayLike<number>) => Float32Array[]) | null}
   */
  const posterior = encoder && ((pixels) => (prepared ??= compile(encoder, bundle.encoderWeights()))(pixels));
  // with noise scaled down the codes do not spread as far as the prior, so draw within the range of the post's sliders
  const spread = unit === 1 ? 1 : (unit * limit) / 3;
  return {
    /** Latents to expected pixels in [0, 1]. The same array is returned at every call. */
    decode: firstOutput(header.decoder, bundle.decoderWeights()),
    /**
     * The bytes of an image to the mean of its code; null if the page holds no encoder.
     *
     * @type {((pixels: ArrayLike<number>) => Float32Array) | null}
     */
    encode: posterior && ((pixels) => posterior(pixels)[0]),
    /**
     * The bytes of an image to the deviations of its posterior; null if the page holds no encoder.
     *
     * @type {((pixels: ArrayLike<number>) => Float32Array) | null}
     */
    deviationsOf: posterior && ((pixels) => posterior(pixels)[1].map((value) => Math.exp(value / 2))),
    density: makeDensity(bundle.density, dim),
    likeness: makeLikeness(header.likeness),
    /** The unit of a slider's value, for screen readers. */
    unitName: priorDraws ? "" : unit === 1 ? "prior standard deviations" : `times ${unit}`,
    /** @returns {number[]} a code drawn from the prior */
    draw() {
      if (!priorDraws) return Array.from({ length: dim }, () => spread * normal());
      const start = dim * Math.floor(Math.random() * draws);
      return Array.from(priorDraws.subarray(start, start + dim));
    },
  };
}

/** @typedef {ReturnType<typeof makeModel>} Model */
