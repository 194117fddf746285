// The worker of a page that is served with ONNX Runtime Web: it runs the encoder and the decoder, so that the page
// itself never waits.

/** @import { InferenceSession, Tensor } from "onnxruntime-web" */
/** @import { Answer, Kind, Question } from "./onnx.js" */

/** @typedef {typeof import("onnxruntime-web")} Runtime */
/** @typedef {{ runtime: Runtime, decoder: InferenceSession, encoder: InferenceSession | null }} Started */

const KINDS = /** @type {Kind[]} */ (["webgpu", "wasm"]);

/** @param {string} path beside this script */
const beside = (path) => new URL(path, import.meta.url).href;

/**
 * The content of a network's file, or the reason why the server has none.
 *
 * @param {string} name
 */
async function fetchNetwork(name) {
  const response = await fetch(beside(`${name}.onnx`));
  if (!response.ok) throw new Error((await response.text()).trim());
  return new Uint8Array(await response.arrayBuffer());
}

/** Whether there is a GPU that WebGPU can use, not only software in its place, which is slower than WebAssembly. */
async function hasGpu() {
  const adapter = await navigator.gpu?.requestAdapter().catch(() => null);
  return Boolean(adapter) && !adapter?.info.isFallbackAdapter;
}

/**
 * @param {Kind} kind
 * @param {Uint8Array} decoder
 * @param {Uint8Array | null} encoder
 * @returns {Promise<Started>}
 */
async function start(kind, decoder, encoder) {
  /** @type {Runtime} */
  const runtime = await import(beside(`onnxruntime-web/ort.${kind}.min.mjs`));
  runtime.env.logLevel = "error";
  const options = { executionProviders: [kind] };
  return {
    runtime,
    decoder: await runtime.InferenceSession.create(decoder, options),
    encoder: encoder && (await runtime.InferenceSession.create(encoder, options)),
  };
}

/** By WebGPU where it can be, otherwise by WebAssembly. */
async function startBest() {
  const decoder = await fetchNetwork("decoder");
  // of some models there is none
  const encoder = await fetchNetwork("encoder").catch(() => null);
  let reason;
  for (const kind of (await hasGpu()) ? KINDS : KINDS.slice(1)) {
    try {
      return { kind, ...(await start(kind, decoder, encoder)) };
    } catch (error) {
      reason = error;
    }
  }
  throw reason;
}

const starting = startBest();

/**
 * @param {InferenceSession} network
 * @param {Tensor} input
 * @param {string[]} outputs
 */
async function run(network, input, outputs) {
  const found = await network.run({ [network.inputNames[0]]: input }, outputs);
  return Promise.all(outputs.map(async (name) => /** @type {Float32Array} */ (await found[name].getData())));
}

/**
 * @param {Question} question
 * @returns {Promise<Float32Array[]>}
 */
async function answer(question) {
  const { runtime, decoder, encoder } = await starting;
  if ("latents" in question) {
    const { latents } = question;
    return run(decoder, new runtime.Tensor("float32", latents, [1, latents.length]), ["pixels"]);
  }
  const images = new runtime.Tensor("uint8", question.pixels, [1, ...question.shape]);
  return run(/** @type {InferenceSession} */ (encoder), images, ["mean", "log_variance"]);
}

/** @param {Answer} message */
const say = (message) => postMessage(message);

/** @type {Question[]} */
const waiting = [];
let isWorking = false;

// a network runs once at a time
async function work() {
  if (isWorking) return;
  isWorking = true;
  for (let question = waiting.shift(); question; question = waiting.shift()) {
    const { number } = question;
    try {
      say({ number, outputs: await answer(question) });
    } catch (error) {
      say({ number, error: error instanceof Error ? error.message : String(error) });
    }
  }
  isWorking = false;
}

starting.then(
  ({ kind, encoder, runtime }) =>
    say({ started: { kind, hasEncoder: encoder !== null, threads: runtime.env.wasm.numThreads ?? 1 } }),
  (error) => say({ error: String(error.message ?? error) }),
);

onmessage = ({ data }) => {
  if (data.isUrgent) waiting.unshift(data);
  else waiting.push(data);
  work();
};
