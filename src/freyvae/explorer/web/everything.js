// All images of the run, in a page that is served and holds a sample of them.

import { makeCloud } from "./cloud/cloud.js";
import { readCloud } from "./cloud/read.js";
import { h } from "./dom.js";
import { ExplorerError } from "./errors.js";
import { capital, plural, whole } from "./text.js";

/** @import { Cloud } from "./cloud/cloud.js" */
/** @import { Served } from "./served.js" */
/** @import { Header } from "./types.js" */

/**
 * @param {object} options
 * @param {Header} options.header
 * @param {string} options.word
 * @param {Served | null} options.served
 */
export function makeEverything({ header, word, served }) {
  const note = h("p", { class: "hint everything", role: "status", hidden: true });
  const images = header.sampleOf || header.images;
  const sample = h("span", {}, ` The page shows ${whole(header.points)} of them, at even distances.`);

  /** @param {string} text */
  function say(text) {
    note.hidden = false;
    note.textContent = text;
  }

  const everything = {
    /** What is said of them. */
    note,
    /** Said where the page shows some of them only. */
    sample: header.points < images ? sample : null,
    /** @type {Cloud | null} */
    cloud: null,
    /** Of how many images it holds the pixels or the server has them. */
    images,
    /** Load them, if the server has them. @param {(cloud: Cloud) => void} onready */
    async load(onready) {
      if (!served?.has("points")) return;
      try {
        const buffer = await served.points((done, total) =>
          say(`All ${whole(total)} ${word}s are being placed, ${Math.floor((100 * done) / total)} %.`),
        );
        const cloud = makeCloud(readCloud(buffer));
        everything.cloud = cloud;
        onready(cloud);
        sample.hidden = true;
        const some =
          cloud.count < cloud.images ? `${whole(cloud.count)} of ${whole(cloud.images)}` : `All ${whole(cloud.count)}`;
        say(`${some} ${word}s are points. The lines hold 25, 50, 75 and 95 % of those shown, where they are densest.`);
      } catch (error) {
        if (!(error instanceof ExplorerError)) throw error;
        say(`The plane shows ${whole(header.points)} of ${plural(images, word)}: ${capital(error.message)}`);
      }
    },
    /**
     * The pixels of an image that the page lacks, and what it is called. Throws an `ExplorerError`.
     *
     * @param {number} number from 0
     */
    async picture(number) {
      if (!served?.has("pictures")) throw new ExplorerError(`The page has no ${word} ${whole(number + 1)}.`);
      const [levels] = await served.pictures([number]);
      const { cloud } = everything;
      const point = cloud?.find(number) ?? -1;
      const part = cloud && point >= 0 ? `, ${header.parts[cloud.partOf(point)]}` : "";
      /** @type {(kind: string, names: string[]) => string} */
      const of = (kind, names) => (cloud?.has(kind) && point >= 0 ? `, ${names[cloud.groupOf(kind, point)]}` : "");
      const groups = of("label", header.labels) + of("group", header.groups);
      return { levels, title: `${capital(word)} ${whole(number + 1)}${part}${groups}` };
    },
  };
  return everything;
}

/** @typedef {ReturnType<typeof makeEverything>} Everything */
