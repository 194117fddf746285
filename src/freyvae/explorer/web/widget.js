// The explorer as an anywidget. Its data comes from the kernel once; its latents are synchronised with the kernel.

import { readBundle } from "./bundle/read.js";
import { mount } from "./mount.js";

/** @import { Header } from "./types.js" */

/**
 * The model of anywidget, which connects a widget to its kernel.
 *
 * @typedef {object} Model
 * @property {{ (name: "_header"): Header, (name: "_blobs"): Record<string, DataView>, (name: "latents"): number[] }} get
 * @property {(name: string, value: unknown) => void} set
 * @property {() => void} save_changes
 * @property {(event: string, listener: () => void) => void} on
 * @property {(event: string, listener: () => void) => void} off
 */

/** @param {DataView} view */
const bytesOf = (view) => new Uint8Array(/** @type {ArrayBuffer} */ (view.buffer), view.byteOffset, view.byteLength);

/** The theme of the notebook, where it says: JupyterLab, VS Code, marimo. */
function themeOfNotebook() {
  const { jpThemeLight, vscodeThemeKind } = document.body.dataset;
  if (jpThemeLight) return jpThemeLight === "true" ? "light" : "dark";
  if (vscodeThemeKind) return vscodeThemeKind.endsWith("light") ? "light" : "dark";
  const classes = [document.documentElement, document.body].flatMap((element) => [...element.classList]);
  return ["light", "dark"].find((theme) => classes.includes(theme) || classes.includes(`${theme}-theme`));
}

/**
 * @param {object} options
 * @param {Model} options.model
 * @param {HTMLElement} options.el
 * @returns {() => void} a function that ends the widget
 */
function render({ model, el }) {
  const root = document.createElement("div");
  el.append(root);
  let theme = themeOfNotebook();
  if (theme) root.dataset.theme = theme;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @param {number[]} latents */
  const areTheKernels = (latents) => JSON.stringify(latents) === JSON.stringify(model.get("latents"));
  try {
    const blobs = Object.entries(model.get("_blobs")).map(([name, view]) => [name, bytesOf(view)]);
    const explorer = mount(root, readBundle(model.get("_header"), Object.fromEntries(blobs)), {
      heading: "h2",
      fragment: `z=${model.get("latents").join(",")}`,
      onlatents: (latents) => {
        if (areTheKernels(latents)) return;
        model.set("latents", [...latents]);
        // the kernel gets the latents when they have not changed for a moment
        clearTimeout(timer);
        timer = setTimeout(() => model.save_changes(), 60);
      },
    });
    const follow = () => {
      if (!areTheKernels(explorer.latents)) explorer.setLatents(model.get("latents"));
    };
    model.on("change:latents", follow);
    // a notebook sets other attributes too; a theme that was chosen in the page stays until the notebook's changes
    const watch = new MutationObserver(() => {
      const now = themeOfNotebook();
      if (!now || now === theme) return;
      root.dataset.theme = theme = now;
      explorer.themeChanged();
    });
    for (const element of [document.documentElement, document.body]) watch.observe(element, { attributes: true });
    return () => {
      watch.disconnect();
      model.off("change:latents", follow);
      explorer.destroy();
    };
  } catch (error) {
    root.className = "freyvae failed";
    root.textContent = error instanceof Error ? error.message : String(error);
    return () => {};
  }
}

export default { render };
