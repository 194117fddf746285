// How the latents move by themselves: a short flight to a place, and a walk through the prior.

import { between } from "./line.js";
import { reducedMotion } from "./timing.js";
import { makeWalk } from "./walk.js";

/** @import { Code } from "./types.js" */

const FLIGHT_MILLISECONDS = 280;

/**
 * @param {object} options
 * @param {() => number[]} options.where the latents now
 * @param {(latents: number[]) => void} options.move to these latents
 * @param {() => number[]} options.draw a code of the prior
 * @param {(walking: boolean) => void} options.onwalk a walk has begun, or ended
 */
export function makeMotion({ where, move, draw, onwalk }) {
  let flight = 0;
  /** @type {{ path: ReturnType<typeof makeWalk> | null, began: number, lastStop: number } | null} */
  let walking = null;

  /** Go there: at once, or gliding for a moment so that the eye can follow. @param {Code} target */
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
    walking = { path: null, began: 0, lastStop: -1 };
    onwalk(true);
    const mine = walking;
    const tick = () => {
      if (walking !== mine) return;
      if (!mine.path)
        Object.assign(mine, { path: makeWalk(where(), { draw }), began: performance.now(), lastStop: -1 });
      const path = /** @type {ReturnType<typeof makeWalk>} */ (mine.path);
      const seconds = (performance.now() - mine.began) / 1000;
      const stopNumber = Math.floor(seconds / path.secondsPerStop);
      // with less motion: from stop to stop, without the way between
      const still = reducedMotion();
      if (!still || stopNumber !== mine.lastStop) {
        mine.lastStop = stopNumber;
        move(path.at(still ? stopNumber * path.secondsPerStop + 1e-6 : seconds));
        // this move was the walk's own
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
    /** The latents have moved: a walk goes on from there. */
    moved() {
      if (walking) walking.path = null;
    },
    /** A hand has moved them: a flight ends there. */
    land() {
      flight++;
    },
    get walking() {
      return walking !== null;
    },
  };
}
