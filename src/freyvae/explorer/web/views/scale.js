// The arithmetic of a slider.

import { clamp } from "../clamp.js";

/**
 * @param {object} options
 * @param {number} options.low the least value
 * @param {number} options.high the greatest
 * @param {number} options.step of the keyboard and the wheel; the drag snaps to it too
 * @param {number} [options.rest] the value to begin with; steps are counted from it
 */
export function makeScale({ low, high, step, rest = 0 }) {
  /** @type {Record<string, number>} */
  const moves = {
    ArrowLeft: -step,
    ArrowDown: -step,
    ArrowRight: step,
    ArrowUp: step,
    PageDown: -10 * step,
    PageUp: 10 * step,
    Home: -Infinity,
    End: Infinity,
  };
  const scale = {
    /** @param {number} value */
    keep: (value) => clamp(value, low, high),

    /**
     * The nearest whole number of steps from rest, so that a drag near rest comes to rest.
     *
     * @param {number} value
     */
    snap: (value) => (Number.isFinite(value) ? Math.round((value - rest) / step) * step + rest : value),

    /**
     * Where a key leads from a value; null for a key that leads nowhere.
     *
     * @param {string} key
     * @param {number} value
     */
    byKey(key, value) {
      if (Object.hasOwn(moves, key)) return scale.keep(scale.snap(value + moves[key]));
      return ["0", "Delete", "Backspace"].includes(key) ? scale.keep(rest) : null;
    },

    /**
     * How far along the track a value lies, 0 to 1.
     *
     * @param {number} value
     */
    share: (value) => (scale.keep(value) - low) / (high - low),
  };
  return scale;
}
