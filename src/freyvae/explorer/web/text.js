// Writes numbers and nouns.

import { h } from "./dom.js";

/**
 * A number with a true minus sign.
 *
 * @param {number} value
 */
export function signed(value, digits = 2) {
  const text = value.toFixed(digits);
  return /^-0\.?0*$/.test(text) ? text.slice(1) : text.replace("-", "−");
}

/**
 * A whole number with a thousands separator: "1,965".
 *
 * @param {number} value
 */
export const whole = (value) => value.toLocaleString("en");

/** A whole number as `whole` writes it, or without separators; NaN of another text. @param {string} text */
export const wholeIn = (text) => (/^\s*(\d+|\d{1,3}(,\d{3})+)\s*$/.test(text) ? Number(text.replaceAll(",", "")) : NaN);

/**
 * A noun with its article: "a frame", "an image".
 *
 * @param {string} noun
 */
export const some = (noun) => `${/^[aeiou]/.test(noun) ? "an" : "a"} ${noun}`;

/**
 * A count with its noun: "1 frame", "1,965 frames".
 *
 * @param {number} count
 * @param {string} noun
 */
export const plural = (count, noun) => `${whole(count)} ${noun}${count === 1 ? "" : "s"}`;

/** A text whose parts between backticks are code. @param {string} text */
export const withCode = (text) => text.split("`").map((part, at) => (at % 2 ? h("code", {}, part) : part));

/** @param {string} text */
export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
