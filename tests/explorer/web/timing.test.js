import assert from "node:assert/strict";
import { test } from "node:test";

import { makeSlicer, newestOnly, waited } from "#web/timing.js";

const later = () => new Promise((resolve) => setTimeout(resolve, 5));

test("what is at hand is shown at once", () => {
  const shown = [];
  const take = newestOnly(
    (input) => 2 * input,
    (output, input) => shown.push([input, output]),
  );
  take(1);
  take(2);
  assert.deepEqual(shown, [
    [1, 2],
    [2, 4],
  ]);
});

test("of inputs that come while one is worked on, the newest alone follows", async () => {
  const [worked, shown] = [[], []];
  const take = newestOnly(
    async (input) => {
      worked.push(input);
      await later();
      return input;
    },
    (output) => shown.push(output),
  );
  for (let input = 0; input < 10; input++) take(input);
  await later();
  await later();
  await later();
  assert.deepEqual(
    [worked, shown],
    [
      [0, 9],
      [0, 9],
    ],
  );
});

test("a job in slices waits for what it is promised, until another comes", async () => {
  const slice = makeSlicer();
  const found = [];
  function* job(name) {
    for (let at = 0; at < 3; at++) {
      found.push(yield* waited(later().then(() => `${name}${at}`)));
      found.push(yield* waited(name));
      yield;
    }
  }
  slice(job("a"));
  await later();
  await later();
  slice(job("b"));
  for (let wait = 0; wait < 30; wait++) await later();
  assert.deepEqual(found.slice(-6), ["b0", "b", "b1", "b", "b2", "b"]);
  assert.ok(!found.includes("a2"));
});
