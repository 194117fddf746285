// Reads bytes that Python wrote: base64, zlib's checksum, half precision.

/**
 * The bytes of a base64 text.
 *
 * @param {string} text
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function fromBase64(text) {
  // several times faster, but not in every browser yet
  const own = /** @type {{ fromBase64?: (text: string) => Uint8Array<ArrayBuffer> }} */ (Uint8Array);
  if (own.fromBase64) return own.fromBase64(text);
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}

/**
 * The checksum of zlib (RFC 1950).
 *
 * @param {Uint8Array} bytes
 */
export function adler32(bytes) {
  let low = 1;
  let high = 0;
  for (let at = 0; at < bytes.length;) {
    // so few that the sums cannot overflow before the remainder is taken
    for (const end = Math.min(at + 3800, bytes.length); at < end; at++) {
      low += bytes[at];
      high += low;
    }
    low %= 65521;
    high %= 65521;
  }
  return high * 65536 + low;
}

/** @param {Uint8Array<ArrayBuffer>} bytes little-endian, as on all machines that browsers run on */
export const toFloats = (bytes) => new Float32Array(aligned(bytes).buffer);

/** @param {Uint8Array<ArrayBuffer>} bytes */
export const toIntegers = (bytes) => new Int32Array(aligned(bytes).buffer);

/**
 * IEEE 754 half precision to single.
 *
 * @param {Uint8Array<ArrayBuffer>} bytes
 */
export function fromHalf(bytes) {
  const halves = new Uint16Array(aligned(bytes).buffer);
  const table = new Float32Array(65536);
  for (let bits = 0; bits < 65536; bits++) {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    table[bits] = sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -14 * (fraction / 1024));
  }
  const singles = new Float32Array(halves.length);
  for (let at = 0; at < halves.length; at++) singles[at] = table[halves[at]];
  return singles;
}

/**
 * The same bytes in a buffer that holds no other bytes.
 *
 * @param {Uint8Array<ArrayBuffer>} bytes
 */
const aligned = (bytes) =>
  bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
