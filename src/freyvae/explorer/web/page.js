// The page of a run: finds its data, keeps its state in the address, and shows errors.

import { bundleOfPage } from "./bundle/read.js";
import { ExplorerError, damaged } from "./errors.js";
import { openOne, openPair } from "./pair.js";
import { makeServed } from "./served.js";

const root = /** @type {HTMLElement} */ (document.querySelector("main"));

function openPage() {
  const themed = document.documentElement;
  try {
    const theme = localStorage.getItem("freyvae-theme");
    if (theme === "dark" || theme === "light") themed.dataset.theme = theme;
  } catch {
    // a page opened from a file may have no storage
  }
  // if the end tag of <main> is damaged, the elements after it are inside it, and mounting would remove them
  if (root.querySelector("style, script")) throw damaged("frame");
  const blocks = [...document.querySelectorAll("script[id^=freyvae-bundle]")];
  // a browser ignores a style sheet that differs from the one in the policy
  if (!getComputedStyle(root).getPropertyValue("--paper")) throw damaged("style");
  const bundles = (blocks.length ? blocks : [null]).map((block) => bundleOfPage(/** @type {HTMLElement} */ (block)));
  const open = bundles.length > 1 ? openPair : openOne;
  let written = location.hash.slice(1);
  const explorer = open(bundles, {
    root,
    fragment: written,
    themed,
    served: bundles.map(({ header }, which) => {
      const services = themed.dataset.served?.split(" ");
      return services ? makeServed(services, header.imageShape, which ? "beside/" : "") : null;
    }),
    onstate: (fragment) => {
      if (fragment === written) return;
      written = fragment;
      history.replaceState(null, "", `#${fragment}`);
    },
  });
  addEventListener("hashchange", () => {
    const asked = location.hash.slice(1);
    if (asked === written) return;
    written = asked;
    explorer.load(asked);
  });
  // for use in the console: freyvae.decode([0, 0])
  Object.assign(window, { freyvae: explorer.first, beside: explorer.second });
  return explorer.ready;
}

/** @param {unknown} error */
function say(error) {
  const known = error instanceof ExplorerError;
  const message = error instanceof Error ? error.message : String(error);
  root.className = "freyvae failed";
  root.setAttribute("role", "alert");
  const text = document.createElement("p");
  text.textContent = known ? message : `This page does not work in this browser: ${message}`;
  root.replaceChildren(text);
  if (!known) throw error;
}

try {
  openPage().catch(say);
} catch (error) {
  say(error);
}
