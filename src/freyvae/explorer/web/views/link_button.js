// The button that copies the page's address, which contains the state.

import { h } from "../dom.js";

/**
 * @param {object} options
 * @param {() => void} options.flush brings the address up to date
 * @param {(text: string) => void} options.announce
 */
export function makeLinkButton({ flush, announce }) {
  const words = "Copy link";
  const button = h("button", { type: "button", class: "quiet small", onclick: copy }, words);
  async function copy() {
    flush();
    try {
      await navigator.clipboard.writeText(location.href);
      button.textContent = "Copied";
      announce("Link copied");
    } catch {
      button.textContent = "Copy it from the address bar";
    }
    setTimeout(() => {
      button.textContent = words;
    }, 1600);
  }
  return button;
}
