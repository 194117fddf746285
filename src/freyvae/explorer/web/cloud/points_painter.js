// Draws a million points by WebGL.

const VERTEX = `
attribute vec2 place;
attribute vec4 colour;
uniform vec2 scale;
uniform vec2 offset;
uniform float size;
uniform float opacity;
varying vec4 shown;
void main() {
  // what is hidden is outside
  gl_Position = vec4(place * scale + offset, colour.a > 0.5 ? 0.0 : 2.0, 1.0);
  gl_PointSize = size;
  shown = vec4(colour.rgb * opacity, opacity);
}`;
const FRAGMENT = `
precision mediump float;
varying vec4 shown;
void main() {
  gl_FragColor = shown;
}`;

/**
 * @param {HTMLCanvasElement} canvas
 * @returns null where there is no WebGL
 */
export function makePointsPainter(canvas) {
  const context = canvas.getContext("webgl", { antialias: false, depth: false, powerPreference: "high-performance" });
  if (!context) return null;
  const gl = context;
  const program = gl.createProgram();
  for (const [kind, text] of /** @type {[GLenum, string][]} */ ([
    [gl.VERTEX_SHADER, VERTEX],
    [gl.FRAGMENT_SHADER, FRAGMENT],
  ])) {
    const shader = /** @type {WebGLShader} */ (gl.createShader(kind));
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) return null;
  gl.useProgram(program);
  gl.enable(gl.BLEND);
  gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);

  /** @type {(name: string, size: number, type: GLenum) => (values: Float32Array | Uint8Array) => void} */
  const attribute = (name, size, type) => {
    const buffer = gl.createBuffer();
    const place = gl.getAttribLocation(program, name);
    return (values) => {
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.bufferData(gl.ARRAY_BUFFER, values, gl.STATIC_DRAW);
      gl.enableVertexAttribArray(place);
      gl.vertexAttribPointer(place, size, type, type === gl.UNSIGNED_BYTE, 0, 0);
    };
  };
  /** @param {string} name */
  const uniform = (name) => gl.getUniformLocation(program, name);
  const [scale, offset, size, opacity] = ["scale", "offset", "size", "opacity"].map(uniform);

  return {
    /** The x and y of each point. */
    setPlaces: attribute("place", 2, gl.FLOAT),
    /** The red, green and blue of each point, and 255, or 0 where it is hidden. */
    setColours: attribute("colour", 4, gl.UNSIGNED_BYTE),
    /**
     * @param {object} options
     * @param {number} options.count how many, from the first
     * @param {{ scale: number[], offset: number[] }} options.toPixels from places to CSS pixels
     * @param {number} options.width in CSS pixels
     * @param {number} options.height
     * @param {number} options.points the width of a point in device pixels
     * @param {number} options.alpha 0 to 1
     */
    draw({ count, toPixels, width, height, points, alpha }) {
      gl.viewport(0, 0, canvas.width, canvas.height);
      gl.clear(gl.COLOR_BUFFER_BIT);
      // pixels to -1 … 1, upwards
      gl.uniform2f(scale, (2 * toPixels.scale[0]) / width, (-2 * toPixels.scale[1]) / height);
      gl.uniform2f(offset, (2 * toPixels.offset[0]) / width - 1, 1 - (2 * toPixels.offset[1]) / height);
      gl.uniform1f(size, points);
      gl.uniform1f(opacity, alpha);
      gl.drawArrays(gl.POINTS, 0, count);
    },
    /** Wait until all is drawn. */
    finish: () => gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4)),
  };
}

/** @typedef {NonNullable<ReturnType<typeof makePointsPainter>>} PointsPainter */
