// Animations of the latents: a short flight to a code, and a walk through the prior.

import { between } from "./line.js";
import { reducedMotion } from "./timing.js";
import { makeWalk } from "./walk.js";

/** @import { Code } from "./types.js" */

const FLIGHT_MILLISECONDS = 280;
/** The most of a walk between two frames, in seconds. */
const LONGEST_STEP = 0.1;

/**
 * @param {object} options
 * @param {() => number[]} options.where returns the current latents
 * @param {(latents: number[]) => void} options.move moves to these latents
 * @param {() => number[]} options.draw draws a code from the prior
 * @param {(walking: boolean) => void} options.onwalk called when a walk begins or ends
 */
export function makeMotion({ where, move, draw, onwalk }) {
  let flight = 0;
  /** @type {{ path: ReturnType<typeof makeWalk> | null, walked: number, seen: number, lastStop: number } | null} */
  let walking = null;

  /** Move to a code: gradually, or at once if the user prefers reduced motion. @param {Code} target */
  function flyTo(target) {
    stop();
    const goal = Array.from(target);
    if (reducedMotion()) {
      move(goal);
      return;
    }
    const start = [...where()];
    const began = performance.now();
    const mine = ++flight;
    const tick = () => {
      if (mine !== flight) return;
      const t = Math.min((performance.now() - began) / FLIGHT_MILLISECONDS, 1);
      move(t === 1 ? goal : between(start, goal, 1 - (1 - t) ** 3));
      if (t < 1) requestAnimationFrame(tick);
    };
    tick();
  }

  function walk() {
    flight++;
    walking = { path: null, walked: 0, seen: 0, lastStop: -1 };
    onwalk(true);
    const mine = walking;
    const tick = () => {
      if (walking !== mine) return;
      if (!mine.path)
        Object.assign(mine, { path: makeWalk(where(), { draw }), walked: 0, seen: performance.now(), lastStop: -1 });
      const path = /** @type {ReturnType<typeof makeWalk>} */ (mine.path);
      // a page that was hidden or held up goes on where it was, and does not leap
      mine.walked += Math.min((performance.now() - mine.seen) / 1000, LONGEST_STEP);
      mine.seen = performance.now();
      const stopNumber = Math.floor(mine.walked / path.secondsPerStop);
      // with reduced motion, only the stops are shown
      const still = reducedMotion();
      if (!still || stopNumber !== mine.lastStop) {
        mine.lastStop = stopNumber;
        move(path.at(still ? stopNumber * path.secondsPerStop + 1e-6 : mine.walked));
        // `move` has called `moved`, which resets the path; but this move belongs to the walk
        mine.path = path;
      }
      requestAnimationFrame(tick);
    };
    tick();
  }

  function stop() {
    flight++;
    if (!walking) return;
    walking = null;
    onwalk(false);
  }

  return {
    flyTo,
    walk,
    stop,
    /** The latents have changed: a walk continues from them. */
    moved() {
      if (walking) walking.path = null;
    },
    /** The user has moved the latents: a flight ends. */
    land() {
      flight++;
    },
    get walking() {
      return walking !== null;
    },
  };
}
