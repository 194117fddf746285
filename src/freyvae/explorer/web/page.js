// The page of a run: finds its data, keeps its state in the address, and says so when something is wrong.

import { bundleOfPage } from "./bundle/read.js";
import { ExplorerError, damaged } from "./errors.js";
import { mount } from "./mount.js";

const root = /** @type {HTMLElement} */ (document.querySelector("main"));

function openPage() {
  const themed = document.documentElement;
  try {
    const theme = localStorage.getItem("freyvae-theme");
    if (theme === "dark" || theme === "light") themed.dataset.theme = theme;
  } catch {
    // a file may not have storage
  }
  // what stands behind it has come into it, and would go with its sentence
  if (root.querySelector("style, script")) throw damaged("frame");
  // a browser leaves out a style that is not the one its policy names
  if (!getComputedStyle(root).getPropertyValue("--paper")) throw damaged("style");
  const bundle = bundleOfPage(document.querySelector("script#freyvae-bundle"));
  let written = location.hash.slice(1);
  const explorer = mount(root, bundle, {
    fragment: written,
    themed,
    listenOn: document, // the whole window: a picture is pasted before anything on the page is chosen
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
  // for the console: freyvae.decode([0, 0])
  Object.assign(window, { freyvae: explorer });
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
