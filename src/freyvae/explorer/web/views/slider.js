// One slider: a name that can be changed, the value, and a track that responds to drag, touch, wheel and keys.

import { h, newId } from "../dom.js";
import { signed } from "../text.js";
import { makeScale } from "./scale.js";

let scrolledAt = 0;

/**
 * @param {object} options
 * @param {string} options.name the name, editable if `onrename` is given
 * @param {number} options.low the lowest value
 * @param {number} options.high the highest value
 * @param {number} options.step the step of keyboard and wheel; dragging snaps to it
 * @param {string} [options.unit] the unit of the value, for screen readers
 * @param {number} [options.digits] number of decimal places
 * @param {number} [options.rest] the initial value; a double click returns to it
 * @param {[string, string]} [options.ends] the two labels at the ends of the track
 * @param {string | null} [options.note] beside the name
 * @param {HTMLElement | null} [options.picture] above the track
 * @param {(value: number) => void} options.onvalue called with the value that the user chose
 * @param {(name: string) => void} [options.onrename]
 * @param {() => void} [options.onremove] called by the button that removes the slider, which is shown if this is given
 */
export function makeSlider({
  name,
  low,
  high,
  step,
  unit,
  digits = 2,
  rest = 0,
  ends,
  note,
  picture,
  onvalue,
  onrename,
  onremove,
}) {
  const scale = makeScale({ low, high, step, rest });
  let value = rest;
  // not said: on a flight it changes at every frame, and the range has it as its text
  const shown = h("output", { class: "value", "aria-live": "off" });
  const range = h("input", {
    type: "range",
    class: "range",
    min: low,
    max: high,
    step: "any",
    "aria-label": name,
    oninput: () => give(scale.snap(Number(range.value))),
    onkeydown: onKey,
    onwheel: onWheel,
    ondblclick: () => give(rest),
  });
  const label = onrename
    ? nameField(name, (given) => {
        rename(given);
        onrename(given);
      })
    : h("span", { class: "name" }, name);
  const remove = onremove ? h("button", { type: "button", class: "quiet small", onclick: onremove }, "Remove") : null;
  remove?.setAttribute("aria-label", removalOf(name));
  const element = h(
    "div",
    { class: "slider" },
    h("div", { class: "slider-head" }, label, note && h("span", { class: "note" }, note), remove, shown),
    picture,
    range,
    ends && h("div", { class: "ends", "aria-hidden": "true" }, h("span", {}, ends[0]), h("span", {}, ends[1])),
  );

  /** @param {number} wanted */
  function give(wanted) {
    const kept = scale.keep(wanted);
    show(kept);
    onvalue(kept);
  }

  /** @param {number} now */
  function show(now) {
    value = now;
    const text = signed(now, digits);
    range.value = String(now);
    if (shown.textContent !== text) {
      shown.textContent = text;
      range.setAttribute("aria-valuetext", unit ? `${text} ${unit}` : text);
    }
    range.style.setProperty("--from", `${scale.share(Math.min(now, rest)) * 100}%`);
    range.style.setProperty("--to", `${scale.share(Math.max(now, rest)) * 100}%`);
  }

  /** @param {string} to */
  function rename(to) {
    range.setAttribute("aria-label", to);
    remove?.setAttribute("aria-label", removalOf(to));
    if (label instanceof HTMLInputElement) {
      label.value = to;
      label.setAttribute("aria-label", `Name of the slider ${to}`);
    } else label.textContent = to;
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const wanted = scale.byKey(event.key, value);
    if (wanted === null) return;
    give(wanted);
    event.preventDefault();
  }

  /** @param {WheelEvent} event */
  function onWheel(event) {
    // while the page is scrolled, sliders pass under the pointer and must not move
    if (event.ctrlKey || performance.now() - scrolledAt < 250) return;
    const along = Math.abs(event.deltaX) > Math.abs(event.deltaY) ? event.deltaX : -event.deltaY;
    if (!along) return;
    event.preventDefault();
    give(scale.snap(value + Math.sign(along) * step));
  }

  /** @param {boolean} on whether the user can move the slider */
  function enable(on) {
    range.disabled = !on;
    element.classList.toggle("off", !on);
  }

  show(rest);
  return { element, show, rename, enable };
}

/**
 * @param {string} name
 * @param {(name: string) => void} onrename
 */
function nameField(name, onrename) {
  const field = h("input", {
    type: "text",
    class: "name",
    value: name,
    maxlength: 60,
    spellcheck: "false",
    autocomplete: "off",
    "aria-label": `Name of the slider ${name}`,
    id: newId("name"),
    onchange: () => onrename(field.value.trim() || name),
    onkeydown: (event) => event.key === "Enter" && field.blur(),
  });
  return field;
}

/** @param {string} name */
const removalOf = (name) => `Remove the slider ${name}`;

/** Remember when the page last scrolled; returns a function that ends this. */
export function watchScrolling() {
  const stamp = () => {
    scrolledAt = performance.now();
  };
  addEventListener("scroll", stamp, { passive: true, capture: true });
  return () => removeEventListener("scroll", stamp, { capture: true });
}
