import assert from "node:assert/strict";
import { test } from "node:test";

import { makeScale } from "#web/views/scale.js";
import { assertClose } from "./close.js";

const scale = makeScale({ low: -4, high: 4, step: 0.05 });

test("a drag snaps to the nearest step", () => {
  assertClose([0.02, 0.03, -0.03, 3.999].map(scale.snap), [0, 0.05, -0.05, 4], 1e-9);
});

test("steps are counted from rest", () => {
  const shifted = makeScale({ low: 0, high: 1, step: 0.3, rest: 0.1 });
  assertClose([0, 0.2, 0.3, 0.9].map(shifted.snap), [0.1, 0.1, 0.4, 1], 1e-9);
  assertClose([shifted.byKey("0", 0.7)], [0.1], 1e-9);
});

test("keys go by steps and stay between the ends", () => {
  const keys = ["ArrowLeft", "ArrowDown", "ArrowRight", "ArrowUp", "PageDown", "PageUp", "Home", "End", "0", "Delete"];
  const places = keys.map((key) => scale.byKey(key, 1));
  assertClose(places, [0.95, 0.95, 1.05, 1.05, 0.5, 1.5, -4, 4, 0, 0], 1e-9);
  assert.equal(scale.byKey("PageUp", 3.9), 4);
  assert.equal(scale.byKey("Tab", 1), null);
  // a name that every object has is no key
  assert.equal(scale.byKey("toString", 1), null);
});

test("a key goes on from a place between steps to a step", () => {
  assertClose([scale.byKey("ArrowRight", 0.97)], [1], 1e-9);
});

test("the share of the track", () => {
  assertClose([-9, -4, 0, 2, 9].map(scale.share), [0, 0, 0.5, 0.75, 1], 1e-12);
});
