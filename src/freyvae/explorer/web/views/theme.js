// The button between the light and the dark theme.

import { h } from "../dom.js";

/**
 * @param {object} options
 * @param {HTMLElement} options.themed whose data-theme is set
 * @param {() => void} options.onchange what is painted has to be painted anew
 */
export function makeTheme({ themed, onchange }) {
  const preference = matchMedia("(prefers-color-scheme: dark)");
  const button = h("button", {
    type: "button",
    class: "quiet small",
    onclick: () => set(isDark() ? "light" : "dark"),
  });

  const isDark = () => (themed.dataset.theme ? themed.dataset.theme === "dark" : preference.matches);

  /** @param {string} theme */
  function set(theme) {
    themed.dataset.theme = theme;
    try {
      localStorage.setItem("freyvae-theme", theme);
    } catch {
      // a file may not have storage
    }
    changed();
  }

  function changed() {
    button.textContent = isDark() ? "Light" : "Dark";
    button.setAttribute("aria-label", isDark() ? "Light theme" : "Dark theme");
    onchange();
  }
  preference.addEventListener("change", changed);

  return { button, changed, destroy: () => preference.removeEventListener("change", changed) };
}
