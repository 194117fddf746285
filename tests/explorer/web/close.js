// Comparing arrays of numbers.

import assert from "node:assert/strict";

/** Every value is within `within` of what is expected; the default is float32's rounding of numbers around 1. */
export function assertClose(actual, expected, within = 1e-6) {
  assert.equal(actual.length, expected.length, `${actual.length} values, not ${expected.length}`);
  for (let at = 0; at < expected.length; at++) {
    const message = `value ${at} is ${actual[at]}, not ${expected[at]}: ${Array.from(actual)}`;
    assert.ok(Math.abs(actual[at] - expected[at]) <= within, message);
  }
}

/** Numbers between -1 and 1 that look random and are the same every time. */
export const numbers = (count, seed = 1) =>
  Float32Array.from({ length: count }, (_, at) => Math.sin(12.9898 * (at + 1) + 78.233 * seed));
