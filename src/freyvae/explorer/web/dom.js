// Creates elements.

/**
 * Listeners are named `onclick`, `oninput`, …; attributes have their own names. Null, undefined and false are left out;
 * true is an attribute without a value.
 *
 * @typedef {{ [name: string]: unknown } & {
 *   [Kind in keyof HTMLElementEventMap as `on${Kind}`]?: (event: HTMLElementEventMap[Kind]) => void
 * }} Properties
 */
/** @import { Child } from "./types.js" */

let lastId = 0;

/**
 * A unique id, even with several explorers in one document.
 *
 * @param {string} name
 */
export const newId = (name) => `freyvae-${name}-${++lastId}`;

/**
 * An element with its properties and children.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Properties} properties
 * @param {Child[]} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) {
      const listener = /** @type {EventListener} */ (value);
      element.addEventListener(name.slice(2), listener, name === "onwheel" ? { passive: false } : undefined);
    } else element.setAttribute(name, value === true ? "" : String(value));
  }
  // TypeScript cannot follow the recursive type
  const flat = /** @type {any[]} */ (children).flat(Infinity);
  element.append(...flat.filter((child) => child !== null && child !== undefined));
  return element;
}
