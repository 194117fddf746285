// Opens the explorer of a page: one, or two runs side by side, which show the same pictures.

import { h } from "./dom.js";
import { mount } from "./mount.js";

/** @import { Served } from "./served.js" */
/** @import { Bundle } from "./types.js" */
/**
 * @typedef {object} PageOptions
 * @property {HTMLElement} root
 * @property {HTMLElement} themed the element whose data-theme is set
 * @property {string} fragment the initial state, as in a link
 * @property {(Served | null)[]} served of each run
 * @property {(fragment: string) => void} onstate called with the fragment of a new state when changes pause
 */

// between the states of two runs in a link: a field without a value, of which there is no other
const BETWEEN = "&beside&";

/**
 * @param {Bundle[]} bundles
 * @param {PageOptions} options
 */
export function openOne([bundle], { root, served, ...options }) {
  // a paste reaches the document even if nothing on the page has the focus
  const first = mount(root, bundle, { ...options, served: served[0], listenOn: document });
  return { first, second: null, load: first.load, ready: first.ready };
}

/**
 * @param {Bundle[]} bundles of two runs on the same images
 * @param {PageOptions} options
 */
export function openPair(bundles, { root, themed, fragment, served, onstate }) {
  const states = statesOf(fragment);
  const roots = bundles.map(({ header }) => h("div", { role: "region", "aria-label": header.title }));
  root.classList.remove("freyvae");
  root.classList.add("pair");
  root.replaceChildren(h("h1", {}, bundles.map(({ header }) => header.title).join(" beside ")), ...roots);
  // the document listens once: a picture that is dropped on it goes to both
  const listenOn = [document, h("div")];
  const both = bundles.map((bundle, which) =>
    mount(roots[which], bundle, {
      themed,
      served: served[which],
      listenOn: listenOn[which],
      fragment: states[which],
      heading: "h2",
      onstate: (state) => {
        states[which] = state;
        onstate(states.join(BETWEEN));
      },
      onpick: (number) => both[1 - which].pickNumber(number),
      onfile: (file) => both[1 - which].takePicture(file),
    }),
  );
  // each has a button for the theme
  new MutationObserver(() => both.forEach((explorer) => explorer.themeChanged())).observe(themed, {
    attributeFilter: ["data-theme"],
  });
  // where no link says what to show, both begin with one image, of those held out where there are such
  if (!fragment) {
    const { header, numbers, parts } = bundles[0];
    const start =
      header.start ??
      Math.max(
        parts.findIndex((part) => part > 0),
        0,
      );
    both.forEach((explorer) => explorer.pickNumber(numbers[start]));
  }
  const [first, second] = both;
  return {
    first,
    second,
    /** @param {string} text */
    load: (text) => statesOf(text).forEach((state, which) => both[which].load(state)),
    ready: Promise.all(both.map(({ ready }) => ready)),
  };
}

/** @param {string} fragment */
function statesOf(fragment) {
  const [one, other = ""] = fragment.split(BETWEEN);
  return [one, other];
}
