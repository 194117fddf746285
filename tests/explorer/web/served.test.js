import assert from "node:assert/strict";
import { test } from "node:test";

import { makeServed } from "#web/served.js";

/** @type {(status: number, text: string) => Promise<unknown>} */
const said = (status, text) => {
  globalThis.fetch = async () => new Response(text, { status });
  return makeServed(["draw"], [2, 2, 1])
    .draw([0], 1)
    .catch((/** @type {Error} */ error) => error.message);
};

test("what a server refuses is said, and of another server's that the page is not its own", async () => {
  assert.equal(await said(409, "out of memory\n"), "out of memory");
  assert.equal(
    await said(403, "<!doctype html>The page needs its token"),
    "The server was started again: open the address that it printed.",
  );
  assert.deepEqual(await said(200, "\u0001\u0002\u0003\u0004"), Uint8Array.of(1, 2, 3, 4));
});

test("pictures that were kept stay an answer's own while others push them out", async () => {
  /** @type {(() => void)[]} */
  const held = [];
  // pictures of 4 MiB, of which 16 are kept: each is its number, and those from 50 on wait to be let go
  globalThis.fetch = async (address) => {
    const numbers = String(address).split("=")[1].split(",").map(Number);
    if (numbers[0] >= 50) await new Promise((go) => held.push(() => go(undefined)));
    const bytes = new Uint8Array(numbers.length * 2 ** 22);
    numbers.forEach((number, at) => bytes.fill(number, at * 2 ** 22, (at + 1) * 2 ** 22));
    return new Response(bytes);
  };
  const served = makeServed(["pictures"], [2048, 2048, 1]);
  await served.pictures([0]);
  const slow = served.pictures([0, 50]);
  await served.pictures(Array.from({ length: 20 }, (_, at) => at + 1));
  held.forEach((go) => go());
  assert.deepEqual(
    (await slow).map((picture) => picture[0]),
    [0, 50],
  );
});
