// One slider: a name that can be changed, the value, and a track that answers drag, touch, wheel and keys.

import { clamp, h, newId, signed } from "./dom.js";

let scrolledAt = 0;

/**
 * @param options.name shown, and editable when `onrename` is given
 * @param options.low the least value, and `high` the greatest
 * @param options.step of the keyboard and the wheel; the drag snaps to it too
 * @param options.unit what the value is in, for a screen reader
 * @param options.digits shown after the point
 * @param options.rest the value to begin with, which a double click gives again
 * @param options.ends two words, said at the track's ends
 * @param options.onvalue called with what a person chose
 * @param options.onremove called by a button to remove the slider, which is there where this is
 */
export function makeSlider({ name, low, high, step, unit, digits = 2, rest = 0, onvalue, onrename, onremove, ends }) {
  let value = rest;
  const shown = h("output", { class: "value" });
  const range = h("input", {
    type: "range", class: "range", min: low, max: high, step: "any", "aria-label": name,
    oninput: () => choose(Number(range.value)),
    onkeydown: onKey,
    onwheel: onWheel,
    ondblclick: () => give(rest),
  });
  const label = onrename
    ? h("input", {
        type: "text", class: "name", value: name, maxlength: 60, spellcheck: "false", autocomplete: "off", "aria-label": `Name of the slider ${name}`, id: newId("name"),
        onchange: () => {
          label.value = label.value.trim() || name;
          rename(label.value);
          onrename(label.value);
        },
        onkeydown: (event) => event.key === "Enter" && label.blur(),
      })
    : h("span", { class: "name" }, name);
  const remove = onremove ? h("button", { type: "button", class: "quiet small", "aria-label": `Remove the slider ${name}`, onclick: onremove }, "Remove") : null;
  const element = h(
    "div", { class: "slider" },
    h("div", { class: "slider-head" }, label, remove, shown),
    range,
    ends ? h("div", { class: "ends", "aria-hidden": "true" }, h("span", {}, ends[0]), h("span", {}, ends[1])) : null,
  );

  function choose(wanted) {
    // a drag near rest comes to rest: half a step is nothing a hand can aim at
    give(Math.round((wanted - rest) / step) * step + rest);
  }
  function give(wanted) {
    const kept = clamp(wanted, low, high);
    show(kept);
    onvalue(kept);
  }
  function show(now) {
    value = now;
    const text = signed(now, digits);
    range.value = String(now);
    if (shown.textContent !== text) {
      shown.textContent = text;
      range.setAttribute("aria-valuetext", unit ? `${text} ${unit}` : text);
    }
    const share = (at) => `${((clamp(at, low, high) - low) / (high - low)) * 100}%`;
    range.style.setProperty("--from", share(Math.min(now, rest)));
    range.style.setProperty("--to", share(Math.max(now, rest)));
  }
  function rename(to) {
    range.setAttribute("aria-label", to);
    if (onrename) {
      label.value = to;
      label.setAttribute("aria-label", `Name of the slider ${to}`);
    } else label.textContent = to;
  }
  function onKey(event) {
    const moves = {
      ArrowLeft: -step, ArrowDown: -step, ArrowRight: step, ArrowUp: step, PageDown: -10 * step, PageUp: 10 * step,
      Home: -Infinity, End: Infinity,
    };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in moves) give(tidy(value + moves[event.key]));
    else if (["0", "Delete", "Backspace"].includes(event.key)) give(rest);
    else return;
    event.preventDefault();
  }
  const tidy = (wanted) => (Number.isFinite(wanted) ? Math.round((wanted - rest) / step) * step + rest : wanted);
  function onWheel(event) {
    // a page being scrolled passes over sliders; that moves none of them
    if (event.ctrlKey || performance.now() - scrolledAt < 250) return;
    const along = Math.abs(event.deltaX) > Math.abs(event.deltaY) ? event.deltaX : -event.deltaY;
    if (!along) return;
    event.preventDefault();
    give(tidy(value + Math.sign(along) * step));
  }
  show(rest);
  return { element, show, rename };
}

/** Remember when the page last scrolled. */
export function watchScrolling() {
  const stamp = () => { scrolledAt = performance.now(); };
  addEventListener("scroll", stamp, { passive: true, capture: true });
  return () => removeEventListener("scroll", stamp, { capture: true });
}
