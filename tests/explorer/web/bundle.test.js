import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync } from "node:zlib";

import { adler32, fromBase64, fromHalf, toFloats } from "#web/bundle/bytes.js";
import { unpackFrames } from "#web/bundle/frames.js";
import { bundleOfPage, readBundle } from "#web/bundle/read.js";
import { ExplorerError } from "#web/errors.js";

const bytesOf = (values) => new Uint8Array(values.buffer.slice(0));
const text = (words) => new TextEncoder().encode(words);

function makeParts() {
  const network = { blob: "decoder", precision: "single", inputShape: [2], outputs: [0], steps: [] };
  const blobs = {
    codes: bytesOf(Float32Array.of(0.5, -1, 2, 3)),
    numbers: bytesOf(Int32Array.of(3, 70000)),
    parts: Uint8Array.of(0, 2),
    frames: Uint8Array.of(1, 2, 3),
    "frame-points": bytesOf(Int32Array.of(1)),
    "density-references": bytesOf(Float32Array.of(0, 0)),
    "density-widths": bytesOf(Float32Array.of(1, 1)),
    "density-percentiles": bytesOf(Float32Array.of(-2, -1)),
    decoder: bytesOf(Float32Array.of(0.25, 4)),
  };
  const header = { format: 1, latents: { count: 2, priorDraws: 0 }, decoder: network, encoder: null };
  header.blobs = Object.fromEntries(Object.entries(blobs).map(([name, blob]) => [name, [blob.length, adler32(blob)]]));
  return { header, blobs };
}

/** The script element of a page, as far as it is read. */
function element({ header, blobs }, change = (words) => words) {
  const coded = Object.entries(blobs).map(([name, blob]) => [name, Buffer.from(blob).toString("base64")]);
  const written = JSON.stringify({ header, blobs: Object.fromEntries(coded) });
  return { textContent: change(written), dataset: { adler32: String(adler32(text(written))) } };
}

test("a bundle's blobs become arrays", () => {
  const { header, blobs } = makeParts();
  for (const bundle of [readBundle(header, blobs), bundleOfPage(element({ header, blobs }))]) {
    assert.deepEqual([...bundle.codes], [0.5, -1, 2, 3]);
    assert.deepEqual([...bundle.numbers], [3, 70000]);
    assert.deepEqual([...bundle.parts], [0, 2]);
    assert.deepEqual([...bundle.framePoints], [1]);
    assert.deepEqual([...bundle.density.percentiles], [-2, -1]);
    assert.deepEqual([...bundle.decoderWeights()], [0.25, 4]);
    assert.equal(bundle.priorDraws, null);
  }
});

test("draws of a learned prior are read where there are some", () => {
  const { header, blobs } = makeParts();
  header.latents.priorDraws = 1;
  blobs["prior-draws"] = bytesOf(Float32Array.of(7, 8));
  assert.deepEqual([...readBundle(header, blobs).priorDraws], [7, 8]);
});

test("blobs within a larger buffer are read, too", () => {
  const message = new Uint8Array(11);
  message.set(bytesOf(Float32Array.of(1.5, -2)), 3);
  assert.deepEqual([...toFloats(message.subarray(3))], [1.5, -2]);
});

test("a damaged or missing blob is named", () => {
  for (const [name, spoil] of [
    ["codes", (blobs) => (blobs.codes[2] ^= 1)],
    ["parts", (blobs) => (blobs.parts = blobs.parts.subarray(1))],
    ["frames", (blobs) => delete blobs.frames],
  ]) {
    const { header, blobs } = makeParts();
    spoil(blobs);
    assert.throws(() => readBundle(header, blobs), new RegExp(`damaged: its ${name} cannot be read`));
  }
});

test("a page says what of it cannot be read", () => {
  const parts = makeParts();
  const opened = (change) => () => bundleOfPage(element(parts, change));
  assert.throws(
    opened((words) => words.slice(1)),
    /damaged: its data/,
  );
  assert.throws(() => bundleOfPage(null), /damaged: its data/);
  assert.throws(
    opened((words) => words.replace('"codes":"', '"codes":"*')),
    /damaged: its codes/,
  );
  assert.throws(
    opened((words) => words.replace('"format":1', '"format":"1"')),
    /damaged: its header/,
  );
  assert.throws(
    opened((words) => words.replace('"format":1', '"format":2')),
    /format 2, but its script reads up to 1/,
  );
  // a header that can be read and is another than was written
  assert.throws(
    opened((words) => words.replace('"count":2', '"count":3')),
    /damaged: its header/,
  );
  assert.throws(
    opened((words) => words.slice(1)),
    ExplorerError,
  );
});

test("zlib's checksum", () => {
  assert.equal(adler32(text("")), 1);
  assert.equal(adler32(text("Wikipedia")), 0x11e60398);
  // longer than what is summed up before a remainder is taken; from zlib.adler32(b"\xff" * 10000)
  assert.equal(adler32(new Uint8Array(10_000).fill(255)), 0xb623eb2b);
});

test("base64, with and without the browser's own", () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, value) => value);
  const coded = Buffer.from(bytes).toString("base64");
  assert.deepEqual(fromBase64(coded), bytes);
  const own = Object.getOwnPropertyDescriptor(Uint8Array, "fromBase64");
  Uint8Array.fromBase64 = () => Uint8Array.of(1);
  try {
    assert.deepEqual(fromBase64(coded), Uint8Array.of(1));
    delete Uint8Array.fromBase64;
    assert.deepEqual(fromBase64(coded), bytes);
    assert.throws(() => fromBase64("*"));
  } finally {
    if (own) Object.defineProperty(Uint8Array, "fromBase64", own);
  }
});

test("half precision, from its least number to its greatest", () => {
  const halves = Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0001, 0x8000, 0x3555);
  assert.deepEqual([...fromHalf(bytesOf(halves))], [1, -2, 65504, 2 ** -24, -0, Math.fround(0.333251953125)]);
});

for (const [framesPacked, difference] of [
  ["before", (pixels, at) => pixels[at] - (at < 12 ? 0 : pixels[at - 12])],
  ["left", (pixels, at) => pixels[at] - (at % 6 < 2 ? 0 : pixels[at - 2])],
]) {
  test(`frames packed as differences, ${framesPacked}`, async () => {
    // two frames of 2 by 3 pixels and two channels
    const pixels = Uint8Array.from({ length: 24 }, (_, at) => (at * 97) % 256);
    const packed = new Uint8Array(deflateSync(Uint8Array.from(pixels, (_, at) => difference(pixels, at))));
    const header = { imageShape: [2, 3, 2], frames: 2, framesPacked };
    assert.deepEqual(await unpackFrames({ header, packedFrames: packed }), pixels);
    header.frames = 3;
    await assert.rejects(unpackFrames({ header, packedFrames: packed }), /damaged: its frames/);
  });
}
