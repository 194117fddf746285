// Reads the bundle that Python wrote: checks its format and its blobs, and unpacks weights, codes and frames.

import { ExplorerError } from "./network.js";

export const FORMAT = 1;

/** Bytes of a base64 text. */
export function fromBase64(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}

/** The bundle inside the page's own data block, a script element that says the checksum of its text. */
export function bundleOfPage(element) {
  const text = element?.textContent ?? "";
  let bundle;
  try {
    bundle = JSON.parse(text);
  } catch {
    throw new ExplorerError("This page is damaged: its data cannot be read. Write it anew with “freyvae export RUN --format html”.");
  }
  checkFormat(bundle.header);
  const blobs = {};
  for (const [name, coded] of Object.entries(bundle.blobs ?? {})) {
    try {
      blobs[name] = fromBase64(coded);
    } catch {
      throw damaged(name);
    }
  }
  const read = readBundle(bundle.header, blobs);
  // the blobs are right: what else is wrong is in the header
  if (String(adler32(new TextEncoder().encode(text))) !== element.dataset.adler32) throw damaged("header");
  return read;
}

function checkFormat(header) {
  if (!header || typeof header !== "object" || !Number.isInteger(header.format)) throw damaged("header");
  if (header.format > FORMAT) {
    throw new ExplorerError(`This page's data has format ${header.format}, but its script reads up to ${FORMAT}. Update freyvae and write it anew.`);
  }
}

export const damaged = (what) =>
  new ExplorerError(`This page is damaged: its ${what} cannot be read. Write it anew with “freyvae export RUN --format html”.`);

/** Typed arrays of every blob; `frames` stay packed until `unpackFrames`. */
export function readBundle(header, blobs) {
  checkFormat(header);
  for (const [name, [length, checksum]] of Object.entries(header.blobs ?? {})) {
    if (!blobs[name] || blobs[name].length !== length || adler32(blobs[name]) !== checksum) throw damaged(name);
  }
  const floats = (name) => new Float32Array(aligned(blobs[name]).buffer);
  const integers = (name) => new Int32Array(aligned(blobs[name]).buffer);
  const weights = (network) => (network.precision === "half" ? fromHalf(blobs[network.blob]) : floats(network.blob));
  return {
    header,
    codes: floats("codes"),
    numbers: integers("numbers"),
    parts: blobs.parts,
    framePoints: integers("frame-points"),
    // draws from a learned prior; none where it is the standard normal
    priorDraws: header.latents.priorDraws ? floats("prior-draws") : null,
    packedFrames: blobs.frames,
    density: {
      references: floats("density-references"),
      widths: floats("density-widths"),
      percentiles: floats("density-percentiles"),
    },
    decoderWeights: () => weights(header.decoder),
    encoderWeights: () => weights(header.encoder),
  };
}

// a copy whose buffer holds these bytes and no others
const aligned = (bytes) => (bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice());

/** The checksum of zlib (RFC 1950). */
function adler32(bytes) {
  let low = 1, high = 0;
  for (let at = 0; at < bytes.length; ) {
    // as many as cannot overflow before the remainder is taken
    for (const end = Math.min(at + 3800, bytes.length); at < end; at++) {
      low += bytes[at];
      high += low;
    }
    low %= 65521;
    high %= 65521;
  }
  return high * 65536 + low;
}

/** IEEE 754 half precision to single. */
function fromHalf(bytes) {
  const halves = new Uint16Array(aligned(bytes).buffer);
  const table = new Float32Array(65536);
  for (let bits = 0; bits < 65536; bits++) {
    const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
    table[bits] = sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -14 * (fraction / 1024));
  }
  const singles = new Float32Array(halves.length);
  for (let at = 0; at < halves.length; at++) singles[at] = table[halves[at]];
  return singles;
}

/** The frames' pixels, all in one Uint8Array: unpacked by the browser, then the differences are summed up. */
export async function unpackFrames(bundle) {
  const stream = new Blob([bundle.packedFrames]).stream().pipeThrough(new DecompressionStream("deflate"));
  const pixels = new Uint8Array(await new Response(stream).arrayBuffer());
  const [height, width, channels] = bundle.header.imageShape;
  if (pixels.length !== bundle.header.frames * height * width * channels) throw damaged("frames");
  if (bundle.header.framesPacked === "before") {
    const size = height * width * channels;
    for (let at = size; at < pixels.length; at++) pixels[at] += pixels[at - size];
    return pixels;
  }
  const row = width * channels;
  for (let start = 0; start < pixels.length; start += row) {
    for (let at = start + channels; at < start + row; at++) pixels[at] += pixels[at - channels];
  }
  return pixels;
}
