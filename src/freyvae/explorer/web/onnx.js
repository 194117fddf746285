// Asks the worker that runs ONNX Runtime Web.

/** @import { Code, Levels, Posterior } from "./types.js" */

/**
 * What the runtime computes by.
 *
 * @typedef {"webgpu" | "wasm"} Kind
 */
/** What it is asked: to decode latents, or to encode the pixels of an image of this shape. */
/** @typedef {{ latents: Float32Array } | { pixels: Uint8Array, shape: number[] }} About */
/** @typedef {About & { number: number, isUrgent: boolean }} Question */
/** @typedef {{ kind: Kind, hasEncoder: boolean, threads: number }} Started */
/**
 * An answer without a number is about the start.
 *
 * @typedef {{ number?: number, started?: Started, outputs?: Float32Array[], error?: string }} Answer
 */

/**
 * The address of the worker's script, as a page asks for it that demands trusted types.
 *
 * @returns {string}
 */
function addressOfWorker() {
  const address = new URL("onnx_worker.js", document.baseURI).href;
  const types = /** @type {{ trustedTypes?: any }} */ (globalThis).trustedTypes;
  return types
    ? types.createPolicy("freyvae-onnx", { createScriptURL: () => address }).createScriptURL(address)
    : address;
}

/**
 * Start the worker. Rejects if it cannot run the decoder.
 *
 * @param {number[]} imageShape
 */
export async function startOnnx(imageShape) {
  /** @type {Map<number, { resolve: (outputs: Float32Array[]) => void, reject: (error: Error) => void }>} */
  const waiting = new Map();
  let questions = 0;
  const worker = new Worker(addressOfWorker(), { type: "module" });
  const started = await new Promise((/** @type {(started: Started) => void} */ resolve, reject) => {
    /** @param {Error} error */
    const fail = (error) => {
      reject(error);
      for (const asked of waiting.values()) asked.reject(error);
      waiting.clear();
    };
    worker.onerror = (event) => fail(new Error(event.message || "its worker cannot be loaded"));
    worker.onmessage = ({ data }) => {
      /** @type {Answer} */
      const { number, started, outputs, error } = data;
      if (started) return resolve(started);
      if (number === undefined) return fail(new Error(error));
      const asked = waiting.get(number);
      waiting.delete(number);
      if (outputs) asked?.resolve(outputs);
      else asked?.reject(new Error(error));
    };
  });

  /**
   * @param {About} about
   * @param {boolean} isUrgent
   * @returns {Promise<Float32Array[]>}
   */
  const ask = (about, isUrgent) =>
    new Promise((resolve, reject) => {
      const number = questions++;
      waiting.set(number, { resolve, reject });
      worker.postMessage({ number, isUrgent, ...about });
    });

  return {
    ...started,
    /**
     * @param {Code} latents
     * @param {boolean} isUrgent whether it comes before those that are not and wait
     */
    decode: async (latents, isUrgent) => (await ask({ latents: Float32Array.from(latents) }, isUrgent))[0],
    /**
     * @param {Levels} pixels
     * @returns {Promise<Posterior>}
     */
    async encode(pixels) {
      const [mean, logVariance] = await ask({ pixels: Uint8Array.from(pixels), shape: imageShape }, true);
      return { code: mean, deviations: logVariance.map((value) => Math.exp(value / 2)) };
    },
    end: () => worker.terminate(),
  };
}

/** @typedef {Awaited<ReturnType<typeof startOnnx>>} Onnx */
