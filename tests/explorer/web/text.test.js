import assert from "node:assert/strict";
import { test } from "node:test";

import { capital, plural, signed, some, whole, wholeIn } from "#web/text.js";

test("numbers have a true minus sign, and zero has none", () => {
  assert.deepEqual(
    [1.5, -1.5, -0.001, 0].map((value) => signed(value)),
    ["1.50", "−1.50", "0.00", "0.00"],
  );
  assert.equal(signed(-15, 0), "−15");
});

test("nouns have the article and the number that they need", () => {
  assert.deepEqual([some("frame"), some("image")], ["a frame", "an image"]);
  assert.deepEqual([plural(1, "frame"), plural(1965, "image")], ["1 frame", "1,965 images"]);
  assert.deepEqual([whole(70000), capital("frame 3")], ["70,000", "Frame 3"]);
});

test("a number is found as it is written", () => {
  assert.deepEqual(["1234", " 1,234 ", "1,234,567"].map(wholeIn), [1234, 1234, 1234567]);
  assert.ok(["", "1,23", "12,34", "1234,567", "-1", "1.5", "a1"].map(wholeIn).every(Number.isNaN));
});
