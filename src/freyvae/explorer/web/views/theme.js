// The button that switches between the light and the dark theme.

import { h } from "../dom.js";

/**
 * @param {object} options
 * @param {HTMLElement} options.themed the element whose data-theme is set
 * @param {() => void} options.onchange called when canvases have to be painted again
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
      // a page opened from a file may have no storage
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
