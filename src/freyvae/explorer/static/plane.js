// The plane of two latents: decoded faces behind, a veil where the model guesses, codes as points, and where one is.
// Everything is drawn on canvases, so that a hundred thousand points stay smooth: a drag redraws only the topmost.

import { clamp, colourOf, debounced, h, makeSlicer, signed, toLevels } from "./dom.js";

const VEIL = 56; // cells a side of the veil
const TILES = 165;
const TIME_STOPS = [[59, 76, 192], [38, 152, 148], [229, 176, 68], [209, 73, 91]];

/**
 * @param app.header of the bundle
 * @param app.codes all codes, flat
 * @param app.parts 0 for training, else held out
 * @param app.decode latents -> pixels
 * @param app.density of the codes
 * @param app.painter paints one image on a canvas
 * @param app.thumbnail index of a point -> grey levels, or null
 * @param app.onmove called with latents as one drags
 * @param app.onpick called with the index of a point
 */
export function makePlane(app) {
  const { header, codes, parts, decode, density, painter, thumbnail, onmove, onpick } = app;
  const { count: dim, plane: reach, unit, limit } = header.latents;
  const [height, width] = header.imageShape;
  const points = header.points;
  const columns = clamp(Math.round(Math.sqrt((TILES * height) / width)), 3, 24);
  const rows = clamp(Math.round((columns * width) / height), 3, 24);
  const shows = { faces: true, points: true, veil: true };
  let axes = header.latents.axes, colour = "part";
  let latents = new Float32Array(dim), slice = "";
  let names = header.latents.names;
  let marks = { frame: null, own: null, lines: [] };
  let sizeX = 0, sizeY = 0, ratio = 1;
  let placed = new Float32Array(2 * points), buckets = new Map();
  let hovered = -1;

  const faces = h("canvas", { class: "layer crisp", width: columns * width, height: rows * height });
  const veil = h("canvas", { class: "layer", width: VEIL, height: VEIL });
  const dots = h("canvas", { class: "layer" });
  const over = h("canvas", { class: "layer" });
  const cardPicture = h("canvas", { class: "crisp", "aria-hidden": "true" });
  const cardText = h("span", {});
  const card = h("div", { class: "card", hidden: true, "aria-hidden": "true" }, cardPicture, cardText);
  const board = h("div", {
    class: "board", tabindex: "0", role: "application", "aria-roledescription": "plane",
    onpointerdown: onDown, onpointermove: onMove, onpointerup: onUp, onpointercancel: onUp,
    onpointerleave: () => hover(-1), onkeydown: onKey,
  }, faces, veil, dots, over, card);
  board.style.aspectRatio = `${columns * width} / ${rows * height}`;
  const xLow = h("span"), xName = h("span", { class: "axis-name" }), xHigh = h("span");
  const yLow = h("span"), yName = h("span", { class: "axis-name" }), yHigh = h("span");
  const element = h("div", { class: "plane" },
    h("div", { class: "axis axis-y", "aria-hidden": "true" }, yHigh, yName, yLow),
    board,
    h("div", { class: "axis axis-x", "aria-hidden": "true" }, xLow, xName, xHigh),
  );

  // --- where things are ---

  // with one latent, the plane's other axis is the images' order
  const coordinate = (point, axis) => (axis === undefined ? (2 * point / Math.max(points - 1, 1) - 1) * reach : codes[point * dim + axis] / unit);
  const xOf = (value) => ((value / reach + 1) / 2) * sizeX;
  const yOf = (value) => ((1 - value / reach) / 2) * sizeY;
  const at = (code, axis) => (axis === undefined ? 0 : code[axis] / unit);

  /** The latents at a place of the plane, both in [0, 1] from the top left; the others as they are. */
  function latentsAt(across, down, into) {
    into.set(latents);
    into[axes[0]] = (2 * across - 1) * reach * unit;
    if (axes[1] !== undefined) into[axes[1]] = (1 - 2 * down) * reach * unit;
    return into;
  }

  function place() {
    placed = new Float32Array(2 * points);
    buckets = new Map();
    for (let point = 0; point < points; point++) {
      const x = xOf(coordinate(point, axes[0])), y = yOf(coordinate(point, axes[1]));
      placed[2 * point] = x;
      placed[2 * point + 1] = y;
      const key = (x >> 4) * 4096 + (y >> 4);
      const bucket = buckets.get(key);
      if (bucket) bucket.push(point);
      else buckets.set(key, [point]);
    }
  }

  function nearest(x, y, within) {
    let best = -1, shortest = within * within;
    for (let column = -1; column <= 1; column++) {
      for (let row = -1; row <= 1; row++) {
        for (const point of buckets.get(((x >> 4) + column) * 4096 + (y >> 4) + row) ?? []) {
          const apart = (placed[2 * point] - x) ** 2 + (placed[2 * point + 1] - y) ** 2;
          if (apart < shortest) { shortest = apart; best = point; }
        }
      }
    }
    return best;
  }

  // --- drawing ---

  const sliceFaces = makeSlicer(), sliceVeil = makeSlicer();
  const tile = document.createElement("canvas");
  const levels = new Uint8ClampedArray(height * width * header.imageShape[2]);

  function* drawFaces() {
    const context = faces.getContext("2d");
    const code = new Float32Array(dim);
    // from the middle outwards: what one looks at first is there first
    const order = Array.from({ length: columns * rows }, (_, index) => [index % columns, Math.floor(index / columns)]);
    const fromMiddle = ([column, row]) => ((column + 0.5) / columns - 0.5) ** 2 + ((row + 0.5) / rows - 0.5) ** 2;
    order.sort((a, b) => fromMiddle(a) - fromMiddle(b));
    const began = performance.now();
    for (const [number, [column, row]] of order.entries()) {
      latentsAt((column + 0.5) / columns, (row + 0.5) / rows, code);
      painter(tile, toLevels(decode(code), levels));
      context.drawImage(tile, column * width, row * height);
      // a slow decoder draws the middle only, and the rest with pauses
      if (number && (performance.now() - began) / number > 40) for (let pause = 0; pause < 40; pause++) yield;
      yield;
    }
    board.dataset.faces = "drawn";
  }

  function* drawVeil() {
    const image = new ImageData(VEIL, VEIL);
    const [red, green, blue] = colourOf(element, "--paper");
    const code = new Float32Array(dim);
    for (let row = 0; row < VEIL; row++) {
      for (let column = 0; column < VEIL; column++) {
        latentsAt((column + 0.5) / VEIL, (row + 0.5) / VEIL, code);
        image.data.set([red, green, blue, 60 + 175 * density.doubt(code)], 4 * (row * VEIL + column));
        yield;
      }
    }
    veil.getContext("2d").putImageData(image, 0, 0);
    board.dataset.veil = "drawn";
  }

  function drawDots() {
    const context = dots.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, sizeX, sizeY);
    if (!shows.points) return;
    const radius = (points > 20000 ? 0.8 : points > 4000 ? 1.5 : 2.3) * clamp(sizeX / 520, 0.7, 1);
    const training = `rgb(${colourOf(element, "--training")})`, heldOut = `rgb(${colourOf(element, "--held-out")})`;
    const halo = `rgb(${colourOf(element, "--paper")})`;
    const sets = new Map();
    for (let point = 0; point < points; point++) {
      const fill = colour === "time" ? timeColour(point / Math.max(points - 1, 1)) : colour === "none" ? training : parts[point] ? heldOut : training;
      if (!sets.has(fill)) sets.set(fill, []);
      sets.get(fill).push(point);
    }
    // held-out points are few and lie on top
    for (const [fill, members] of [...sets].sort((a, b) => (a[0] === heldOut) - (b[0] === heldOut))) {
      if (points > 20000) {
        context.fillStyle = fill;
        for (const point of members) context.fillRect(placed[2 * point] - radius, placed[2 * point + 1] - radius, 2 * radius, 2 * radius);
        continue;
      }
      const stamp = dotStamp(fill, halo, radius);
      const half = stamp.width / ratio / 2;
      for (const point of members) context.drawImage(stamp, placed[2 * point] - half, placed[2 * point + 1] - half, 2 * half, 2 * half);
    }
  }

  function dotStamp(fill, halo, radius) {
    const size = Math.ceil((2 * radius + 2) * ratio);
    const stamp = document.createElement("canvas");
    stamp.width = stamp.height = size;
    const context = stamp.getContext("2d");
    const disc = (r, style) => {
      context.fillStyle = style;
      context.beginPath();
      context.arc(size / 2, size / 2, r * ratio, 0, 7);
      context.fill();
    };
    context.globalAlpha = 0.55;
    disc(radius + 0.8, halo);
    context.globalAlpha = 0.95;
    disc(radius, fill);
    return stamp;
  }

  function drawOver() {
    if (!sizeX) return;
    const context = over.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, sizeX, sizeY);
    const ink = `rgb(${theme.ink})`, paper = `rgb(${theme.paper})`, accent = `rgb(${theme.accent})`;
    const stroke = (style, wide, draw, dash = []) => {
      context.strokeStyle = style;
      context.lineWidth = wide;
      context.setLineDash(dash);
      context.beginPath();
      draw();
      context.stroke();
    };
    const x = xOf(at(latents, axes[0])), y = yOf(at(latents, axes[1]));
    context.globalAlpha = 0.35;
    stroke(ink, 1, () => {
      context.moveTo(Math.round(x) + 0.5, 0);
      context.lineTo(Math.round(x) + 0.5, sizeY);
      if (axes[1] !== undefined) {
        context.moveTo(0, Math.round(y) + 0.5);
        context.lineTo(sizeX, Math.round(y) + 0.5);
      }
    });
    context.globalAlpha = 1;
    for (const { from, to, dashed } of marks.lines) {
      const line = () => {
        context.moveTo(xOf(at(from, axes[0])), yOf(at(from, axes[1])));
        context.lineTo(xOf(at(to, axes[0])), yOf(at(to, axes[1])));
      };
      stroke(paper, 4, line);
      stroke(accent, 1.75, line, dashed ? [5, 4] : []);
    }
    const ring = (px, py, radius, style, wide) => stroke(style, wide, () => context.arc(px, py, radius, 0, 7));
    if (marks.frame !== null) {
      const px = placed[2 * marks.frame], py = placed[2 * marks.frame + 1];
      ring(px, py, 5, paper, 4);
      ring(px, py, 5, accent, 2);
    }
    if (marks.own) {
      const px = xOf(at(marks.own, axes[0])), py = yOf(at(marks.own, axes[1]));
      const diamond = () => {
        context.moveTo(px, py - 8);
        context.lineTo(px + 8, py);
        context.lineTo(px, py + 8);
        context.lineTo(px - 8, py);
        context.closePath();
      };
      stroke(paper, 5, diamond);
      stroke(accent, 2, diamond);
    }
    if (hovered >= 0) {
      ring(placed[2 * hovered], placed[2 * hovered + 1], 6, paper, 3.5);
      ring(placed[2 * hovered], placed[2 * hovered + 1], 6, ink, 1.5);
    }
    // where one is, even when that lies outside
    const inX = clamp(x, 0, sizeX), inY = clamp(axes[1] === undefined ? sizeY / 2 : y, 0, sizeY);
    ring(inX, inY, 10, paper, 6);
    ring(inX, inY, 10, ink, 2.5);
  }

  let theme = { ink: [0, 0, 0], paper: [255, 255, 255], accent: [0, 0, 0] };
  function readTheme() {
    theme = { ink: colourOf(element, "--ink"), paper: colourOf(element, "--paper"), accent: colourOf(element, "--accent") };
  }

  let asked = false;
  function askOver() {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => { asked = false; drawOver(); });
  }
  const drawSlice = () => {
    slice = sliceKey();
    delete board.dataset.faces;
    delete board.dataset.veil;
    sliceVeil(drawVeil());
    sliceFaces(drawFaces());
  };
  const drawSliceSoon = debounced(drawSlice, 120);
  // what the background depends on: the axes, and the latents that are on neither
  const sliceKey = () => [axes, ...Array.from(latents, (value, index) => (axes.includes(index) ? "" : value.toFixed(4)))].join();

  function redraw() {
    readTheme();
    drawDots();
    drawOver();
    drawSlice();
  }

  function label() {
    const edge = signed(reach, reach % 1 ? 1 : 0);
    xLow.textContent = yLow.textContent = `−${edge}`;
    xHigh.textContent = yHigh.textContent = edge;
    xName.textContent = names[axes[0]];
    yName.textContent = axes[1] === undefined ? "order" : names[axes[1]];
    if (axes[1] === undefined) {
      yLow.textContent = "first";
      yHigh.textContent = "last";
    }
    const other = axes[1] === undefined ? "the order of the images" : names[axes[1]];
    board.setAttribute("aria-label", `Plane of ${names[axes[0]]} and ${other}. Arrow keys move, Enter goes to the nearest ${header.isVideo ? "frame" : "image"}.`);
  }

  new ResizeObserver(() => {
    const box = board.getBoundingClientRect();
    if (!box.width) return;
    sizeX = box.width;
    sizeY = box.height;
    ratio = Math.min(devicePixelRatio || 1, 3);
    for (const canvas of [dots, over]) {
      canvas.width = Math.round(sizeX * ratio);
      canvas.height = Math.round(sizeY * ratio);
    }
    // faces larger than the board would lose lines if they were not smoothed
    faces.classList.toggle("crisp", columns * width <= sizeX * ratio);
    place();
    readTheme();
    drawDots();
    drawOver();
  }).observe(board);

  // --- what a person does ---

  let pressed = null;
  const chosen = new Float32Array(dim);

  function position(event) {
    const box = board.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  function go([x, y]) {
    onmove(latentsAt(clamp(x / sizeX, 0, 1), clamp(y / sizeY, 0, 1), chosen));
  }

  function onDown(event) {
    if (event.button) return;
    const from = position(event);
    pressed = { from, point: shows.points ? nearest(...from, event.pointerType === "touch" ? 14 : 8) : -1, moved: false };
    board.setPointerCapture(event.pointerId);
    board.focus({ preventScroll: true });
    event.preventDefault();
    if (pressed.point < 0) go(from);
  }

  function onMove(event) {
    const here = position(event);
    if (!pressed) {
      if (event.pointerType !== "touch") hover(shows.points ? nearest(...here, 8) : -1);
      return;
    }
    if (!pressed.moved && Math.hypot(here[0] - pressed.from[0], here[1] - pressed.from[1]) < 4) return;
    pressed.moved = true;
    hover(-1);
    go(here);
  }

  function onUp(event) {
    if (pressed && !pressed.moved && pressed.point >= 0 && event.type === "pointerup") onpick(pressed.point);
    pressed = null;
  }

  function onKey(event) {
    const step = (event.shiftKey ? 0.25 : 0.05) * (limit > 12 ? limit / 4 : 1) * unit;
    const [x, y] = axes;
    const moves = { ArrowLeft: [x, -step], ArrowRight: [x, step], ArrowDown: [y, -step], ArrowUp: [y, step] };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in moves && moves[event.key][0] !== undefined) {
      const [axis, by] = moves[event.key];
      chosen.set(latents);
      chosen[axis] = clamp(chosen[axis] + by, -limit * unit, limit * unit);
      onmove(chosen);
    } else if (event.key === "Enter") {
      let best = -1, shortest = Infinity;
      const px = xOf(at(latents, x)), py = yOf(at(latents, y));
      for (let point = 0; point < points; point++) {
        const apart = (placed[2 * point] - px) ** 2 + (placed[2 * point + 1] - py) ** 2;
        if (apart < shortest) { shortest = apart; best = point; }
      }
      if (best >= 0) onpick(best);
    } else return;
    event.preventDefault();
  }

  function hover(point) {
    if (point === hovered) return;
    hovered = point;
    askOver();
    card.hidden = point < 0;
    board.classList.toggle("aiming", point >= 0);
    if (point < 0) return;
    const known = thumbnail(point);
    painter(cardPicture, known ?? toLevels(decode(codes.subarray(point * dim, (point + 1) * dim)), levels));
    cardText.textContent = `${header.isVideo ? "Frame" : "Image"} ${(app.numbers[point] + 1).toLocaleString("en")}${known ? "" : ", reconstructed"}`;
    const x = placed[2 * point], y = placed[2 * point + 1];
    card.style.left = `${x}px`;
    card.style.top = `${y}px`;
    card.classList.toggle("left", x > sizeX * 0.65);
    card.classList.toggle("above", y > sizeY * 0.55);
  }

  label();
  return {
    element,
    /** Show where one is. */
    show(now) {
      latents.set(now);
      if (slice && sliceKey() !== slice) drawSliceSoon();
      askOver();
    },
    redraw,
    mark(changes) { marks = { ...marks, ...changes }; askOver(); },
    rename(to) { names = to; label(); },
    setAxes(to) { axes = to; label(); if (sizeX) { place(); redraw(); } },
    setColour(to) { colour = to; if (sizeX) drawDots(); },
    setShown(what, on) {
      shows[what] = on;
      if (what === "faces") faces.hidden = !on;
      if (what === "veil") veil.hidden = !on;
      if (what === "points") drawDots();
    },
    /** Where a point lies on the board, in CSS pixels. */
    placeOf: (point) => [placed[2 * point], placed[2 * point + 1]],
  };
}

function timeColour(share) {
  // in 64 steps, so that points are drawn colour by colour
  const along = (Math.min(Math.floor(share * 64), 63) / 63) * (TIME_STOPS.length - 1);
  const low = Math.min(Math.floor(along), TIME_STOPS.length - 2);
  const mixed = TIME_STOPS[low].map((value, channel) => Math.round(value + (TIME_STOPS[low + 1][channel] - value) * (along - low)));
  return `rgb(${mixed})`;
}
