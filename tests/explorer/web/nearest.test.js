import assert from "node:assert/strict";
import { test } from "node:test";

import { makeNearest } from "#web/nearest.js";
import { numbers } from "./close.js";

test("the nearest points are those that a sort of all finds, in units of the widths, among those with pixels", () => {
  const [dim, count] = [3, 200];
  const codes = Float32Array.from(numbers(dim * count));
  const widths = Float32Array.of(1, 0.25, 10);
  const framePoints = Int32Array.from({ length: count / 2 }, (_, at) => 2 * at);
  const nearest = makeNearest({ codes, framePoints, density: { widths } });
  for (const code of [
    [0, 0, 0],
    [0.5, -0.5, 2],
  ]) {
    const far = (point) => Math.hypot(...widths.map((width, at) => (codes[dim * point + at] - code[at]) / width));
    const sorted = [...framePoints].sort((one, other) => far(one) - far(other));
    assert.deepEqual(nearest(code, 6), sorted.slice(0, 6));
  }
});

test("where there are fewer points than are asked for, there are all of them", () => {
  const bundle = { codes: Float32Array.of(3, 1, 2), framePoints: Int32Array.of(0, 1, 2) };
  const nearest = makeNearest({ ...bundle, density: { widths: Float32Array.of(1) } });
  assert.deepEqual(nearest([0], 6), [1, 2, 0]);
});
