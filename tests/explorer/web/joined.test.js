import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "node:test";

const root = fileURLToPath(new URL("../../..", import.meta.url));

test("the scripts that are shipped are those of the modules", () => {
  const folder = mkdtempSync(join(tmpdir(), "freyvae-"));
  try {
    execFileSync("npm", ["run", "--silent", "join", "--", `--outdir=${folder}`], { cwd: root });
    for (const name of ["page.js", "widget.js", "onnx_worker.js"]) {
      const shipped = readFileSync(join(root, "src/freyvae/explorer/static", name), "utf-8");
      const joined = readFileSync(join(folder, name), "utf-8");
      assert.ok(shipped === joined, `${name} is not that of the modules in web/: make page-script writes it`);
      // the script stands inside an HTML page
      assert.ok(!/<\/script|<!--/i.test(shipped), name);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
