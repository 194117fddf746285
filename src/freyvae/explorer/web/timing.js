// When work is done: later, in slices, or without motion.

/** Whether the person asked for less motion, now. */
export const reducedMotion = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/**
 * A function that runs `work` once, `milliseconds` after it was last called.
 *
 * @param {() => void} work
 * @param {number} milliseconds
 */
export function debounced(work, milliseconds) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(work, milliseconds);
  };
}

/**
 * A function that runs `work` once in the next frame, however often it was called before that.
 *
 * @param {() => void} work
 */
export function oncePerFrame(work) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      work();
    });
  };
}

/**
 * Runs a generator in slices of a few milliseconds, so that a drag goes on; a new job ends the one before.
 *
 * @returns {(job: Iterator<unknown>) => void}
 */
export function makeSlicer() {
  let current = 0;
  return (job) => {
    const mine = ++current;
    const slice = () => {
      if (mine !== current) return;
      const end = performance.now() + 7;
      while (performance.now() < end) if (job.next().done) return;
      setTimeout(slice, 4);
    };
    setTimeout(slice, 0);
  };
}
