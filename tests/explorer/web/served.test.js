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
