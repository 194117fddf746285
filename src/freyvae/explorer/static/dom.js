// Small pieces of every view: making elements, painting pixels, writing numbers.

let lastId = 0;

/** An id that no other element has, even with several explorers in one document. */
export const newId = (name) => `freyvae-${name}-${++lastId}`;

/** An element with properties (`class`, `on…`, `aria-…` and attributes alike) and children. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value, name === "onwheel" ? { passive: false } : undefined);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

/** Paints pixels on a canvas of the images' own size; CSS makes it large and keeps it crisp. */
export function makePainter([height, width, channels]) {
  const image = new ImageData(width, height);
  const words = new Uint32Array(image.data.buffer);
  /** `levels` are grey levels 0 to 255, one a pixel and channel. */
  return function paint(canvas, levels) {
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    if (channels === 1) for (let at = 0; at < words.length; at++) words[at] = 0xff000000 | (levels[at] * 0x010101);
    else for (let at = 0, from = 0; at < words.length; at++, from += 3) words[at] = 0xff000000 | (levels[from + 2] << 16) | (levels[from + 1] << 8) | levels[from];
    canvas.getContext("2d").putImageData(image, 0, 0);
  };
}

/** Expected pixels in [0, 1] as grey levels, into `levels`. */
export function toLevels(pixels, levels) {
  for (let at = 0; at < pixels.length; at++) levels[at] = Math.round(255 * pixels[at]);
  return levels;
}

/** A number with a true minus sign. */
export function signed(value, digits = 2) {
  const text = value.toFixed(digits);
  return /^-0\.?0*$/.test(text) ? text.slice(1) : text.replace("-", "−");
}

/** A noun with its article: "a frame", "an image". */
export const some = (noun) => `${/^[aeiou]/.test(noun) ? "an" : "a"} ${noun}`;

/** A count with its noun: "1 frame", "1,965 frames". */
export const plural = (count, one, many = `${one}s`) => `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

export const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/** Whether the person asked for less motion, now. */
export const reducedMotion = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** A CSS colour variable as [red, green, blue], whatever the theme. */
export function colourOf(element, variable) {
  const probe = document.createElement("i");
  probe.style.color = `var(${variable})`;
  element.append(probe);
  const numbers = getComputedStyle(probe).color.match(/[\d.]+/g).map(Number);
  probe.remove();
  return numbers.slice(0, 3);
}

/** A function that runs `work` once, `milliseconds` after it was last called. */
export function debounced(work, milliseconds) {
  let timer = 0;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(work, milliseconds, ...given);
  };
}

/** Runs a generator in slices of a few milliseconds, so that a drag goes on; a new job ends the one before. */
export function makeSlicer() {
  let current = 0;
  return function start(job) {
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
