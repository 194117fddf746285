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
 * A function that does a work for one input at a time. Of the inputs that come meanwhile only the newest is kept, so
 * that what is shown is in order, and in the end that of the last input. What is at hand is shown at once.
 *
 * @template Input, Output
 * @param {(input: Input) => Output | Promise<Output>} work
 * @param {(output: Output, input: Input) => void} show
 */
export function newestOnly(work, show) {
  let working = false;
  /** @type {{ input: Input } | null} */
  let next = null;
  /** @param {Input} input */
  return function take(input) {
    if (working) {
      next = { input };
      return;
    }
    const output = work(input);
    if (!(output instanceof Promise)) return show(output, input);
    working = true;
    output
      .then((found) => show(found, input))
      .finally(() => {
        working = false;
        const waiting = next;
        next = null;
        if (waiting) take(waiting.input);
      });
  };
}

/**
 * In the job of a slicer: a value, which is waited for if it is a promise.
 *
 * @template T
 * @param {T | Promise<T>} value
 * @returns {Generator<Promise<T>, T, any>}
 */
export function* waited(value) {
  return value instanceof Promise ? yield value : value;
}

/**
 * Runs a generator in slices of a few milliseconds, so that dragging stays smooth. A new job ends the previous one. A
 * promise that it yields is waited for, and what comes of it is given back.
 *
 * @returns {(job: Iterator<unknown, void, any>) => void}
 */
export function makeSlicer() {
  let current = 0;
  return (job) => {
    const mine = ++current;
    /** @type {unknown} */
    let given;
    const slice = async () => {
      const end = performance.now() + 7;
      while (mine === current && performance.now() < end) {
        const { done, value } = job.next(given);
        if (done) return;
        given = value instanceof Promise ? await value : value;
      }
      if (mine === current) setTimeout(slice, 4);
    };
    setTimeout(slice, 0);
  };
}
