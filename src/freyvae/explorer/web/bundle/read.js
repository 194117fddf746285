// Reads the bundle that Python wrote: checks its format and its blobs, and converts the blobs to arrays.

import { ExplorerError, damaged } from "../errors.js";
import { adler32, fromBase64, fromHalf, toFloats, toIntegers } from "./bytes.js";

/** @import { Bundle, Header, Network } from "../types.js" */

export const FORMAT = 1;

/**
 * Read the bundle from the page's data block, a script element with the checksum of its text.
 *
 * @param {HTMLElement | null} element
 * @returns {Bundle}
 */
export function bundleOfPage(element) {
  const text = element?.textContent ?? "";
  let bundle;
  try {
    bundle = JSON.parse(text);
  } catch {
    throw damaged("data");
  }
  checkFormat(bundle.header);
  /** @type {Record<string, Uint8Array<ArrayBuffer>>} */
  const blobs = {};
  for (const [name, coded] of Object.entries(bundle.blobs ?? {})) {
    try {
      blobs[name] = fromBase64(coded);
    } catch {
      throw damaged(name);
    }
  }
  const read = readBundle(bundle.header, blobs);
  // the blobs were checked, so an error that remains is in the header
  if (String(adler32(new TextEncoder().encode(text))) !== element?.dataset.adler32) throw damaged("header");
  return read;
}

/** @param {Partial<Header> | null | undefined} header */
function checkFormat(header) {
  if (!header || typeof header !== "object") throw damaged("header");
  const { format } = header;
  if (typeof format !== "number" || !Number.isInteger(format)) throw damaged("header");
  if (format > FORMAT) {
    throw new ExplorerError(
      `This page's data has format ${format}, but its script reads up to ${FORMAT}. Update freyvae and write it again.`,
    );
  }
}

/**
 * Convert the blobs to typed arrays. Frames stay packed until `unpackFrames`, weights until they are used.
 *
 * @param {Header} header
 * @param {Record<string, Uint8Array<ArrayBuffer>>} blobs
 * @returns {Bundle}
 */
export function readBundle(header, blobs) {
  checkFormat(header);
  for (const [name, [length, checksum]] of Object.entries(header.blobs ?? {})) {
    if (!blobs[name] || blobs[name].length !== length || adler32(blobs[name]) !== checksum) throw damaged(name);
  }
  /** @type {(network: Network) => Float32Array} */
  const weights = ({ precision, blob }) => (precision === "half" ? fromHalf(blobs[blob]) : toFloats(blobs[blob]));
  return {
    header,
    codes: toFloats(blobs.codes),
    numbers: toIntegers(blobs.numbers),
    parts: blobs.parts,
    labels: header.labels?.length ? blobs.labels : null,
    groups: header.groups?.length ? blobs.groups : null,
    scores: header.score ? toFloats(blobs.scores) : null,
    map: header.map ? toFloats(blobs.map) : null,
    files: blobs.files ? new TextDecoder().decode(blobs.files).split("\n") : null,
    plane: header.plane ? toFloats(blobs.plane) : null,
    framePoints: toIntegers(blobs["frame-points"]),
    // draws from a learned prior; null if the prior is standard normal
    priorDraws: header.latents.priorDraws ? toFloats(blobs["prior-draws"]) : null,
    packedFrames: blobs.frames,
    density: {
      references: toFloats(blobs["density-references"]),
      widths: toFloats(blobs["density-widths"]),
      percentiles: toFloats(blobs["density-percentiles"]),
    },
    decoderWeights: () => weights(header.decoder),
    encoderWeights: () => weights(/** @type {Network} */ (header.encoder)),
  };
}
