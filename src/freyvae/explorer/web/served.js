// What the server of a page computes for it. A page that is opened as a file has no server.

import { ExplorerError } from "./errors.js";

/** @import { Header, Levels, Posterior } from "./types.js" */

const ASK_AGAIN_MILLISECONDS = 1000;
const MOST_BYTES = 2 ** 24; // of the pictures of a request
const MOST_KEPT = 2 ** 26; // bytes of pictures

/**
 * @param {string[]} names of the services that the server has
 * @param {Header["imageShape"]} imageShape
 * @param {string} folder of this run's services, where there are two runs
 */
export function makeServed(names, [height, width, channels], folder = "") {
  const size = height * width * channels;
  /** @type {Map<number, Uint8Array>} */
  const kept = new Map();

  /**
   * @param {string} path
   * @param {RequestInit} [how]
   */
  async function ask(path, how) {
    const response = await fetch(folder + path, how).catch(() => null);
    if (!response) throw new ExplorerError("The server has ended.");
    // another server's token
    if (response.status === 403)
      throw new ExplorerError("The server was started again: open the address that it printed.");
    if (!response.ok) throw new ExplorerError((await response.text()).trim());
    return response;
  }

  /** @param {number[]} numbers */
  async function fetchPictures(numbers) {
    const bytes = new Uint8Array(await (await ask(`pictures?numbers=${numbers.join(",")}`)).arrayBuffer());
    return numbers.map((_, at) => bytes.slice(at * size, (at + 1) * size));
  }

  return {
    /** @param {string} name */
    has: (name) => names.includes(folder + name),

    /**
     * The file of all points, when all images have a place.
     *
     * @param {(done: number, total: number) => void} onprogress
     */
    async points(onprogress) {
      for (;;) {
        const response = await ask("points.bin");
        if (response.status === 200) return response.arrayBuffer();
        const { done, total } = await response.json();
        onprogress(done, total);
        await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MILLISECONDS));
      }
    },

    /**
     * The posterior of an image, by the run's own encoder.
     *
     * @param {Levels} pixels
     * @returns {Promise<Posterior>}
     */
    async encode(pixels) {
      const body = Uint8Array.from(pixels);
      const found = new Float32Array(await (await ask("encode", { method: "POST", body })).arrayBuffer());
      return { code: found.slice(0, found.length / 2), deviations: found.slice(found.length / 2) };
    },

    /**
     * One draw of the whole model: the grey levels of an image.
     *
     * @param {number[]} latents
     * @param {number} seed
     */
    async draw(latents, seed) {
      return new Uint8Array(await (await ask(`draw?z=${latents.join(",")}&seed=${seed}`)).arrayBuffer());
    },

    /**
     * The pixels of images, by their numbers from 0.
     *
     * @param {number[]} numbers
     * @returns {Promise<Uint8Array[]>}
     */
    async pictures(numbers) {
      // of one's own: meanwhile others may be fetched, and these no longer kept
      const found = new Map(numbers.map((number) => [number, kept.get(number)]));
      const missing = numbers.filter((number) => !found.get(number));
      const atOnce = Math.max(1, Math.min(600, Math.floor(MOST_BYTES / size)));
      for (let at = 0; at < missing.length; at += atOnce) {
        const some = missing.slice(at, at + atOnce);
        (await fetchPictures(some)).forEach((picture, place) => {
          found.set(some[place], picture);
          kept.set(some[place], picture);
        });
      }
      for (const number of kept.keys()) {
        if (kept.size * size <= MOST_KEPT) break;
        kept.delete(number);
      }
      return numbers.map((number) => /** @type {Uint8Array} */ (found.get(number)));
    },
  };
}

/** @typedef {ReturnType<typeof makeServed>} Served */
