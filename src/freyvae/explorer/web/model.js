// The model of a bundle: it decodes, encodes, draws from the prior, and judges codes.

import { makeDensity } from "./density.js";
import { ExplorerError } from "./errors.js";
import { makeLikeness } from "./likeness.js";
import { compile, firstOutput } from "./network/compile.js";
import { normal } from "./walk.js";

/** @import { Onnx } from "./onnx.js" */
/** @import { Served } from "./served.js" */
/** @import { Bundle, Code, DecodeByAny, Encode } from "./types.js" */

/**
 * @param {Bundle} bundle
 * @param {Served | null} served
 */
export function makeModel(bundle, served) {
  const { header, priorDraws } = bundle;
  const { count: dim, unit, limit, priorDraws: draws } = header.latents;
  const decode = firstOutput(header.decoder, bundle.decoderWeights());
  const encode = ownEncoder(bundle) ?? (served?.has("encode") ? served.encode : null);
  // with noise scaled down the codes do not spread as far as the prior, so draw within the range of the post's sliders
  const spread = unit === 1 ? 1 : (unit * limit) / 3;
  const model = {
    /** Latents to expected pixels in [0, 1]. The same array is returned at every call. */
    decode,
    /** @type {DecodeByAny} The same by what is quickest: the page, or a runtime. */
    decodeByAny: decode,
    /** @type {Encode | null} The code of an image; null if there is no encoder. */
    encode,
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
    /**
     * Run the networks by a runtime, until it fails.
     *
     * @param {Onnx} onnx
     * @param {(error: Error) => void} onfail
     */
    runBy(onnx, onfail) {
      let failed = false;
      /** @type {(error: Error) => void} */
      const fail = (error) => {
        if (failed) return;
        failed = true;
        model.decodeByAny = decode;
        model.encode = encode;
        onfail(error);
      };
      model.decodeByAny = (latents, isUrgent = false) =>
        onnx.decode(latents, isUrgent).catch((error) => {
          fail(error);
          return decode(latents).slice();
        });
      if (!onnx.hasEncoder) return;
      model.encode = (pixels) =>
        onnx.encode(pixels).catch((error) => {
          fail(error);
          if (!encode) throw new ExplorerError("The encoder has failed.");
          return encode(pixels);
        });
    },
  };
  return model;
}

/**
 * The encoder that the page holds, or null. It is prepared when it is first used, so that the first face appears
 * sooner.
 *
 * @param {Bundle} bundle
 * @returns {Encode | null}
 */
function ownEncoder({ header: { encoder }, encoderWeights }) {
  if (!encoder) return null;
  /** @type {ReturnType<typeof compile> | null} */
  let run = null;
  return async (pixels) => {
    run ??= compile(encoder, encoderWeights());
    const [mean, logVariance] = run(pixels);
    return { code: mean.slice(), deviations: logVariance.map((value) => Math.exp(value / 2)) };
  };
}

/** @typedef {ReturnType<typeof makeModel>} Model */
