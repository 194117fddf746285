import assert from "node:assert/strict";
import { test } from "node:test";

import { addColours } from "#web/canvas.js";

test("the colours of channels add up, and are clipped", () => {
  const data = new Uint8ClampedArray(12);
  const magentaAndGreen = /** @type {[number, number, number][]} */ ([
    [255, 0, 255],
    [0, 255, 0],
  ]);
  addColours(data, Uint8Array.of(100, 0, 0, 50, 100, 50), magentaAndGreen);
  assert.deepEqual([...data], [100, 0, 100, 255, 0, 50, 0, 255, 100, 50, 100, 255]);
  addColours(data.subarray(0, 4), Uint8Array.of(200, 100), [
    [255, 0, 0],
    [255, 128, 0],
  ]);
  assert.deepEqual([...data.subarray(0, 4)], [255, 50, 0, 255]);
});
