import assert from "node:assert/strict";
import { test } from "node:test";

import { makeDensity } from "#web/density.js";
import { makeLikeness } from "#web/likeness.js";
import { assertClose } from "./close.js";

// a percentile every tenth: -11, -10, ... -1; the second is the sparsest, the second of ten the edge
const percentiles = Float32Array.from({ length: 11 }, (_, at) => at - 11);
const at = (references, widths = [1, 1]) =>
  makeDensity({ references: Float32Array.from(references), widths: Float32Array.from(widths), percentiles }, 2);

test("the log-density is that of a mixture of Gaussians, up to their constant", () => {
  const one = at([1, 2], [2, 0.5]);
  assertClose([one.logDensity([1, 2]), one.logDensity([5, 3])], [0, -0.5 * (4 + 4)]);
  const two = at([0, 0, 3, 0]);
  const expected = Math.log((Math.exp(-0.5) + Math.exp(-2)) / 2);
  assertClose([two.logDensity([1, 0])], [expected], 1e-12);
  // far out, where every exponential is zero
  assertClose([two.logDensity([103, 0])], [-5000 - Math.LN2], 1e-9);
});

test("the doubt goes from none among the codes to all where there are none", () => {
  const density = at([0, 0]);
  const doubts = [0, 2, 4.5, 5, 5.3, 6, 9].map((far) => density.doubt([far, 0]));
  assert.equal(doubts[0], 0);
  assert.equal(doubts.at(-1), 1);
  for (let i = 1; i < doubts.length; i++) assert.ok(doubts[i] >= doubts[i - 1], String(doubts));
  assert.ok(density.doubt([5, 0]) > 0 && density.doubt([5, 0]) < 1);
});

test("words follow the density", () => {
  const density = at([0, 0]);
  const said = (logDensity) => density.describe([Math.sqrt(-2 * logDensity), 0]);
  assert.deepEqual(said(0), {
    level: "known",
    word: "Typical",
    detail: "Denser than 100 % of the training images.",
    confidence: 1,
  });
  assert.equal(said(-5.5).detail, "Denser than 55 % of the training images.");
  assert.equal(said(-9.99).level, "known");
  assert.equal(said(-10.01).level, "guessing");
  assert.equal(said(-13.9).level, "guessing");
  assert.equal(said(-14.1).level, "lost");
});

test("a code between the sparsest hundredth and tenth is at the edge", () => {
  const hundred = Float32Array.from({ length: 101 }, (_, at) => at - 101);
  const density = makeDensity({ references: Float32Array.of(0), widths: Float32Array.of(1), percentiles: hundred }, 1);
  const { level, detail, confidence } = density.describe([Math.sqrt(2 * 96)]);
  assert.equal(level, "edge");
  assert.equal(detail, "Denser than only 5 % of the training images.");
  assertClose([confidence], [0.25 + 1.5 * 0.05], 1e-9);
});

test("a picture is unlike the data above 99 % of its errors", () => {
  const percentiles = Array.from({ length: 101 }, (_, at) => at / 10);
  const { unlikeness, inWords } = makeLikeness({ percentiles, of: "images" });
  assert.equal(unlikeness(9.9), null);
  const said = unlikeness(9.91);
  assert.equal(said.word, "Unlike the data");
  assert.equal(said.detail, "An error of 9.9 grey levels, larger than for 99 % of images.");
  // and it is said of how many it is larger
  assert.equal(inWords(4.25), "RMSE 4.3 grey levels, larger than for 42 % of images");
  assert.match(inWords(0), /larger than for 0 %/);
  assert.match(inWords(99), /larger than for 100 %/);
});
