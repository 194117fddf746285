// Calculations for a slider.

import { clamp } from "../clamp.js";

/**
 * @param {object} options
 * @param {number} options.low the lowest value
 * @param {number} options.high the highest value
 * @param {number} options.step the step of keyboard and wheel; dragging snaps to it
 * @param {number} [options.rest] the initial value; steps are counted from it
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
     * The nearest value that is a whole number of steps from `rest`.
     *
     * @param {number} value
     */
    snap: (value) => (Number.isFinite(value) ? Math.round((value - rest) / step) * step + rest : value),

    /**
     * The value after a key is pressed; null if the key has no function.
     *
     * @param {string} key
     * @param {number} value
     */
    byKey(key, value) {
      if (Object.hasOwn(moves, key)) return scale.keep(scale.snap(value + moves[key]));
      return ["0", "Delete", "Backspace"].includes(key) ? scale.keep(rest) : null;
    },

    /**
     * The position of a value on the track, 0 to 1.
     *
     * @param {number} value
     */
    share: (value) => (scale.keep(value) - low) / (high - low),
  };
  return scale;
}
