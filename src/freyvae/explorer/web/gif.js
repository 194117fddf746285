// Writes an animated GIF (GIF89a): a palette for all frames, and each frame's pixels by LZW.

const CODE_BITS = 8;
const CLEAR = 1 << CODE_BITS;
const END = CLEAR + 1;
const MOST_CODES = 4096;
// levels of red, green and blue in the palette of colour pictures
const LEVELS = [6, 7, 6];
// ordered dithering (Bayer 1973): thresholds between 0 and 1
const THRESHOLDS = [0, 8, 2, 10, 12, 4, 14, 6, 3, 11, 1, 9, 15, 7, 13, 5].map((order) => (order + 0.5) / 16);

/**
 * @param {object} options
 * @param {number} options.width
 * @param {number} options.height
 * @param {Uint8ClampedArray[]} options.frames red, green, blue and opacity of the pixels of each
 * @param {boolean} options.isGrey whether all pixels are grey, which are then exact
 * @param {number} options.hundredths of a second, for which each is shown
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function encodeGif({ width, height, frames, isGrey, hundredths }) {
  /** @type {number[]} */
  const bytes = [];
  const put = (/** @type {number[]} */ ...values) => bytes.push(...values);
  const word = (/** @type {number} */ value) => put(value & 255, value >> 8);
  put(...new TextEncoder().encode("GIF89a"));
  word(width);
  word(height);
  put(0xf7, 0, 0, ...paletteOf(isGrey));
  // shown again and again
  put(0x21, 0xff, 11, ...new TextEncoder().encode("NETSCAPE2.0"), 3, 1, 0, 0, 0);
  for (const pixels of frames) {
    put(0x21, 0xf9, 4, 0);
    word(hundredths);
    put(0, 0, 0x2c, 0, 0, 0, 0);
    word(width);
    word(height);
    put(0, CODE_BITS);
    const packed = packLzw(isGrey ? greys(pixels) : dithered(pixels, width));
    for (let start = 0; start < packed.length; start += 255) {
      const block = packed.slice(start, start + 255);
      put(block.length, ...block);
    }
    put(0);
  }
  put(0x3b);
  return Uint8Array.from(bytes);
}

/** @param {boolean} isGrey */
function paletteOf(isGrey) {
  const palette = new Uint8Array(3 * 256);
  for (let colour = 0; colour < 256; colour++) {
    const [, green, blue] = LEVELS;
    const levels = [Math.floor(colour / (green * blue)), Math.floor(colour / blue) % green, colour % blue];
    for (let part = 0; part < 3; part++) {
      palette[3 * colour + part] = isGrey
        ? colour
        : Math.min(Math.round((255 * levels[part]) / (LEVELS[part] - 1)), 255);
    }
  }
  return palette;
}

/** @param {Uint8ClampedArray} pixels */
const greys = (pixels) => Uint8Array.from({ length: pixels.length / 4 }, (_, pixel) => pixels[4 * pixel]);

/**
 * @param {Uint8ClampedArray} pixels
 * @param {number} width
 */
function dithered(pixels, width) {
  return Uint8Array.from({ length: pixels.length / 4 }, (_, pixel) => {
    const threshold = THRESHOLDS[(Math.floor(pixel / width) % 4) * 4 + ((pixel % width) % 4)];
    let colour = 0;
    for (let part = 0; part < 3; part++) {
      const most = LEVELS[part] - 1;
      colour = colour * LEVELS[part] + Math.min(Math.floor((pixels[4 * pixel + part] / 255) * most + threshold), most);
    }
    return colour;
  });
}

/**
 * LZW with codes of 9 to 12 bits, the least significant bit first (GIF89a, appendix F).
 *
 * @param {Uint8Array} indices
 */
function packLzw(indices) {
  /** @type {number[]} */
  const packed = [];
  let bits = CODE_BITS + 1;
  let buffer = 0;
  let held = 0;
  /** @param {number} code */
  const put = (code) => {
    buffer |= code << held;
    for (held += bits; held >= 8; held -= 8, buffer >>>= 8) packed.push(buffer & 255);
  };
  /** What follows a code, by the code and the next index. @type {Map<number, number>} */
  let known = new Map();
  let next = END + 1;
  put(CLEAR);
  let code = indices[0];
  for (let at = 1; at < indices.length; at++) {
    const key = (code << 8) | indices[at];
    const longer = known.get(key);
    if (longer !== undefined) {
      code = longer;
      continue;
    }
    put(code);
    if (next < MOST_CODES) {
      if (next === 1 << bits) bits++;
      known.set(key, next++);
    } else {
      put(CLEAR);
      known = new Map();
      next = END + 1;
      bits = CODE_BITS + 1;
    }
    code = indices[at];
  }
  put(code);
  if (next === 1 << bits && bits < 12) bits++;
  put(END);
  if (held) packed.push(buffer & 255);
  return packed;
}
