// What the bundle's model can do: decode, encode, draw from the prior, judge a code.

import { makeDensity } from "./density.js";
import { makeLikeness } from "./likeness.js";
import { firstOutput } from "./network/compile.js";
import { normal } from "./walk.js";

/** @import { Bundle } from "./types.js" */

/** @param {Bundle} bundle */
export function makeModel(bundle) {
  const { header, priorDraws } = bundle;
  const { count: dim, unit, limit, priorDraws: draws } = header.latents;
  const encoder = header.encoder;
  /** @type {ReturnType<typeof firstOutput> | null} */
  let encode = null;
  // with noise scaled down the codes never spread out to the prior: draw where the post's sliders go
  const spread = unit === 1 ? 1 : (unit * limit) / 3;
  return {
    /** Latents to expected pixels in [0, 1]; the array is the decoder's own, and reused. */
    decode: firstOutput(header.decoder, bundle.decoderWeights()),
    /**
     * One image's bytes to the mean of its code; null where the page holds no encoder. It is prepared when it is first
     * needed: the first face need not wait for it.
     *
     * @type {((pixels: ArrayLike<number>) => Float32Array) | null}
     */
    encode: encoder && ((pixels) => (encode ??= firstOutput(encoder, bundle.encoderWeights()))(pixels)),
    density: makeDensity(bundle.density, dim),
    unlikeness: makeLikeness(header.likeness),
    /** What a slider's value is in, for a screen reader. */
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
