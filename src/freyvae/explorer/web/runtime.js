// What runs the networks: the page's own interpreter, or ONNX Runtime Web where a page is served with it.

import { h } from "./dom.js";
import { startOnnx } from "./onnx.js";

/** @import { Model } from "./model.js" */
/** @import { Served } from "./served.js" */
/** @import { Header } from "./types.js" */

const OWN = "the page's own interpreter runs the networks";

/**
 * @param {object} options
 * @param {Header} options.header
 * @param {Model} options.model
 * @param {Served | null} options.served
 */
export function makeRuntime({ header, model, served }) {
  const note = h("p", { class: "hint runtime", role: "status", hidden: true });

  /** @param {string} text */
  function say(text) {
    note.hidden = false;
    note.textContent = text;
  }

  return {
    /** What is said of it. */
    note,
    /** Start the runtime, if the server has it. @param {() => void} onchange called when another computes */
    async start(onchange) {
      if (!served?.has("onnx")) return;
      say(`ONNX Runtime Web is starting; until then ${OWN}.`);
      try {
        const onnx = await startOnnx(header.imageShape);
        model.runBy(onnx, (error) => {
          onnx.end();
          say(`ONNX Runtime Web has failed, and ${OWN}: ${error.message}`);
          onchange();
        });
        const by = onnx.kind === "webgpu" ? "WebGPU" : `WebAssembly, ${onnx.threads > 1 ? onnx.threads : "one"} thread`;
        const what = onnx.hasEncoder ? "decoder and encoder" : "decoder";
        say(`ONNX Runtime Web runs the ${what} by ${by}${onnx.threads > 1 && onnx.kind === "wasm" ? "s" : ""}.`);
        onchange();
      } catch (error) {
        say(`ONNX Runtime Web did not start, and ${OWN}: ${error instanceof Error ? error.message : error}`);
      }
    },
  };
}

/** @typedef {ReturnType<typeof makeRuntime>} Runtime */
