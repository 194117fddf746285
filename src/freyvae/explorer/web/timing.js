// Schedules work: later, once per frame, or in slices.

/** Whether the user prefers reduced motion. */
export const reducedMotion = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/**
 * A function that runs `work` once, `milliseconds` after its last call.
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
 * A function that runs `work` in the next frame, once for any number of calls.
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
 * Runs a generator in slices of a few milliseconds, so that dragging stays smooth. A new job ends the previous one.
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
