// The explorer: one state, the views of it, and what a person can do to it.

import { unpackFrames } from "./bundle.js";
import { makeComparison } from "./comparison.js";
import { makeDensity } from "./density.js";
import { alongLine, lineBetween, makeTrays, meanCode } from "./directions.js";
import { clamp, debounced, h, makePainter, newId, plural, reducedMotion, signed, some, toLevels } from "./dom.js";
import { makeFilmstrip } from "./filmstrip.js";
import { makeLikeness } from "./likeness.js";
import { ExplorerError, makeDecoder, makeEncoder } from "./network.js";
import { readPicture } from "./picture.js";
import { makePlane } from "./plane.js";
import { makeSlider, watchScrolling } from "./slider.js";
import { readFragment, writeFragment } from "./state.js";
import { makeWalk, normal } from "./walk.js";

// as many sliders stand under the face, in one column or in two; more stand below
const ONE_COLUMN = 4, TWO_COLUMNS = 16;

/**
 * Build an explorer inside `root`.
 *
 * @param options.fragment a link's state to begin with
 * @param options.onstate called with the fragment of every new state, once it rests
 * @param options.onlatents called with the latents at every move
 * @param options.themed the element whose data-theme is set
 * @param options.listenOn the element on which a picture may be dropped or pasted
 */
export function mount(root, bundle, { fragment = "", onstate, onlatents, themed = root, listenOn = root, heading = "h1" } = {}) {
  const { header, codes, numbers, parts } = bundle;
  const { count: dim, unit, limit, step } = header.latents;
  const [height, width, channels] = header.imageShape;
  const word = header.isVideo ? "frame" : "image";
  const decode = makeDecoder(header.decoder, bundle.decoderWeights());
  // prepared when it is first needed: the first face need not wait for it
  let encoder = null;
  const encode = header.encoder && ((pixels) => (encoder ??= makeEncoder(header.encoder, bundle.encoderWeights()))(pixels));
  const density = makeDensity(bundle.density, dim);
  const unlikeness = makeLikeness(header.likeness);
  const painter = makePainter(header.imageShape);
  const levels = new Uint8ClampedArray(height * width * channels);
  // with noise scaled down the codes never spread out to the prior: draw where the post's sliders go
  const spread = unit === 1 ? 1 : (unit * limit) / 3;
  const inUnits = bundle.priorDraws ? "" : unit === 1 ? "prior standard deviations" : `times ${unit}`;
  const priorDraw = () => {
    if (!bundle.priorDraws) return Array.from({ length: dim }, () => spread * normal());
    const start = dim * Math.floor(Math.random() * header.latents.priorDraws);
    return Array.from(bundle.priorDraws.subarray(start, start + dim));
  };
  const defaults = {
    latents: new Array(dim).fill(0), names: header.latents.names, axes: header.latents.axes, colour: "part", frame: null,
    directions: [], more: [], less: [], path: { from: null, to: null, at: 0 },
  };
  let state = readFragment(fragment, defaults, { points: header.points });
  let frames = null; // pixels of the frames, once they are unpacked
  let own = null;
  const frameOf = new Int32Array(header.points).fill(-1);
  bundle.framePoints.forEach((point, frame) => { frameOf[point] = frame; });

  const codeOf = (point) => codes.subarray(point * dim, (point + 1) * dim);
  const frameNumber = (point) => (numbers[point] + 1).toLocaleString("en");
  function thumbnail(point) {
    const size = height * width * channels;
    return frames && frameOf[point] >= 0 ? frames.subarray(frameOf[point] * size, (frameOf[point] + 1) * size) : null;
  }
  const decodeLevels = (point) => toLevels(decode(codeOf(point)), levels);
  function thumbnailCanvas(point) {
    const canvas = h("canvas", { class: "crisp" });
    painter(canvas, thumbnail(point) ?? decodeLevels(point));
    return canvas;
  }

  // --- the views ---

  const face = h("canvas", { class: "face crisp", width, height, role: "img", "aria-label": "The decoded image" });
  const knowing = h("strong");
  const knowingDetail = h("span");
  const confidence = h("span", { class: "confidence", "aria-hidden": "true" }, h("i"));
  const announcer = h("div", { class: "unseen", role: "status", "aria-live": "polite" });
  const sliders = header.latents.names.map((_, index) => makeSlider({
    name: state.names[index], low: -limit, high: limit, step, unit: inUnits, digits: unit === 1 ? 2 : step % 1 ? 2 : 1,
    onvalue: (value) => { state.latents[index] = value * unit; byHand(); },
    onrename: (name) => { state.names[index] = name; named(); },
  }));
  const walkButton = h("button", { type: "button", "aria-pressed": "false", onclick: () => (walking ? stop() : walk()) }, "Walk");
  const buttons = h("div", { class: "row buttons" },
    h("button", { type: "button", onclick: () => flyTo(priorDraw()) }, "Random"),
    walkButton,
    h("button", { type: "button", onclick: () => flyTo(defaults.latents) }, "Reset"),
  );
  const directionSliders = h("div", { class: "directions" });

  const plane = makePlane({
    header, codes, parts, numbers, decode, density, painter, thumbnail,
    onmove: (latents) => { state.latents = Array.from(latents); byHand(); },
    onpick: (point) => pick(point),
  });
  const comparison = makeComparison({ header, decode, painter });
  const filmstrip = makeFilmstrip({ header, numbers, parts, painter, thumbnail, decodeLevels, onpick: (point) => pick(point, { fly: false }) });

  const trays = makeTrays({
    word, frameNumber, thumbnailCanvas,
    onchange: (more, less) => { state.more = more; state.less = less; remember(); },
    onmake: (direction) => {
      if (!lineOf(direction)) return "The two groups have the same mean code: there is no direction between them.";
      state.directions.push(direction);
      buildDirections();
      moved();
      announce(`New slider ${direction.name}`);
      return null;
    },
  });

  const pathEnds = { from: h("div", { class: "thumb-place" }), to: h("div", { class: "thumb-place" }) };
  const pathSlider = makeSlider({ name: "way between", low: 0, high: 1, step: 0.01, unit: "of the way", onvalue: (at) => { state.path.at = at; alongPath(); } });
  const pathRange = pathSlider.element.querySelector("input[type=range]");
  const pathButtons = Object.fromEntries(["from", "to"].map((end) => [end, h("button", {
    type: "button", class: "quiet small", disabled: true,
    onclick: () => { state.path[end] = state.frame; drawPath(); remember(); },
  })]));

  const fileNote = h("p", { class: "hint", role: "status" }, header.encoder ? "Or drop a picture anywhere on this page, or paste one. It stays in this browser." : "");
  const file = h("input", { type: "file", accept: "image/*", class: "unseen", id: newId("file"), onchange: () => { if (file.files[0]) takePicture(file.files[0]); file.value = ""; } });

  const heldOut = parts.some((part) => part > 0);
  const legend = h("div", { class: "legend", "aria-live": "off" });
  const axisChoice = (which, label) => h("label", { class: "choice" }, label, h("select", {
    onchange: (event) => {
      const axes = [...state.axes], other = 1 - which, wanted = Number(event.target.value);
      if (axes[other] === wanted) axes[other] = axes[which];
      axes[which] = wanted;
      state.axes = axes;
      plane.setAxes(axes);
      drawChoices();
      remember();
    },
  }));
  const axisChoices = dim > 2 ? [axisChoice(0, "across"), axisChoice(1, "up")] : [];
  const colourName = newId("colour");
  const colourChoices = h("fieldset", { class: "segments" }, h("legend", { class: "unseen" }, "Colour of the points"),
    [heldOut && ["part", "split"], ["time", header.isVideo ? "time" : "order"], ["none", "plain"]].filter(Boolean).map(([value, text]) => h("label", {}, h("input", {
      type: "radio", name: colourName, value, onchange: () => { state.colour = value; plane.setColour(value); drawLegend(); remember(); },
    }), h("span", {}, text))));
  const shown = [["faces", header.isVideo ? "faces" : "images"], ["points", "points"], ["veil", "veil"]].map(([what, text]) => h("label", { class: "tick" }, h("input", {
    type: "checkbox", checked: true, onchange: (event) => plane.setShown(what, event.target.checked),
  }), text));

  const themeButton = h("button", { type: "button", class: "quiet small", onclick: () => setTheme(isDark() ? "light" : "dark") });
  const linkButton = h("button", { type: "button", class: "quiet small", onclick: copyLink }, "Copy link");
  const section = (title, ...children) => {
    const id = newId("section");
    return h("section", { class: "panel", "aria-labelledby": id }, h(heading === "h1" ? "h2" : "h3", { id }, title), children);
  };
  const fewSliders = dim <= TWO_COLUMNS;
  const sliderGroup = h("div", { class: dim <= ONE_COLUMN ? "sliders" : fewSliders ? "sliders two" : "sliders many", role: "group", "aria-label": "Latents" }, sliders.map((slider) => slider.element));
  const controls = h("div", { class: "controls" }, fewSliders ? sliderGroup : null, directionSliders, buttons);
  const overlay = h("div", { class: "drop", "aria-hidden": "true" }, h("span", {}, "Drop it: the model will try to see it"));
  const body = h("div", { class: "body" },
    h("header", { class: "top" },
      h("div", {}, h(heading, {}, header.title), h("p", { class: "lede" }, ledeText())),
      h("div", { class: "row" }, onstate ? linkButton : null, themeButton)),
    h("div", { class: "stage" },
      h("div", { class: "portrait" }, h("div", { class: "face-place" }, face), h("div", { class: "knowing" }, confidence, h("p", {}, knowing, knowingDetail))),
      controls,
      h("div", { class: "chart" }, plane.element, h("div", { class: "legend-row" }, legend, h("div", { class: "row" }, axisChoices, colourChoices, h("div", { class: "ticks" }, shown)))),
      comparison.element),
    fewSliders ? null : section("Latents", sliderGroup),
    filmstrip.element,
    h("div", { class: "panels" },
      section("Directions", h("p", { class: "hint" }, `Choose ${word}s that have something, and others that have not. What tells them apart becomes a slider.`), trays.element),
      section(`Between two ${word}s`, h("p", { class: "hint" }, `Start from one ${word}, end at another, and go from code to code.`),
        h("div", { class: "path" }, pathEnds.from, pathSlider.element, pathEnds.to), h("div", { class: "row apart" }, pathButtons.from, pathButtons.to)),
      section("Your own picture", header.encoder
        ? [h("p", { class: "hint" }, "The encoder runs in this page too: see where the model would put your picture, and what it makes of it."), h("div", { class: "row file" }, file, h("label", { for: file.id, class: "button" }, "Choose a picture"))]
        : h("p", { class: "hint" }, capital(`${header.encoderMissing}.`)), fileNote)),
    announcer, overlay);
  root.classList.add("freyvae");
  root.replaceChildren(body);

  function ledeText() {
    return `${plural(header.images, word)} of ${height} by ${width} ${channels === 1 ? "grey" : "colour"} pixels, ${plural(dim, "latent")}. Drag a slider, or the plane.`;
  }

  // --- showing the state ---

  let asked = false;
  function moved() {
    if (walking) walking.from = null;
    remember();
    showLatents();
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => { asked = false; draw(); });
  }

  // a hand on a slider or the plane ends a flight; a walk goes on from there
  function byHand() {
    flight++;
    moved();
  }

  /** Decode and paint, now. */
  function draw() {
    painter(face, toLevels(decode(state.latents), levels));
  }

  const describeSoon = debounced(() => {
    const where = state.names.slice(0, 6).map((name, index) => `${name} ${signed(state.latents[index] / unit)}`).join(", ");
    face.setAttribute("aria-label", `The decoded image at ${where}`);
    if (!walking) announce(`${where}. ${knowing.textContent}.`);
  }, 700);

  function showLatents() {
    state.latents.forEach((value, index) => sliders[index].show(value / unit));
    for (const { slider, line } of lines) slider.show(alongLine(line, state.latents) / unit);
    plane.show(state.latents);
    const atOwn = own && state.frame === null && own.code.every((value, latent) => value === state.latents[latent]);
    const { level, word: said, detail, confidence: share } = (atOwn && own.unlike) || density.describe(state.latents);
    if (knowing.textContent !== said) knowing.textContent = said;
    if (knowingDetail.textContent !== detail) knowingDetail.textContent = detail;
    root.dataset.knows = level;
    confidence.firstChild.style.width = `${Math.round(100 * clamp(share, 0.02, 1))}%`;
    describeSoon();
    onlatents?.(state.latents);
  }

  function named() {
    sliders.forEach((slider, index) => slider.rename(state.names[index]));
    plane.rename(state.names);
    drawChoices();
    remember();
    describeSoon();
  }

  let lines = [];
  const lineOf = ({ more, less }) => lineBetween(meanCode(codes, dim, less), meanCode(codes, dim, more));
  function buildDirections() {
    lines = [];
    for (const direction of state.directions) {
      const line = lineOf(direction);
      if (!line) continue;
      const reach = Math.max(2 * line.half / unit, unit === 1 ? 2 : 3);
      const slider = makeSlider({
        name: direction.name, low: -reach, high: reach, step: unit === 1 ? 0.05 : 0.1, unit: inUnits, ends: ["that", "this"],
        onvalue: (value) => {
          const by = value * unit - alongLine(line, state.latents);
          state.latents = state.latents.map((latent, index) => latent + by * line.along[index]);
          byHand();
        },
        onrename: (name) => { direction.name = name; remember(); },
        onremove: () => { state.directions = state.directions.filter((kept) => kept !== direction); buildDirections(); moved(); },
      });
      lines.push({ slider, line });
    }
    directionSliders.replaceChildren(...lines.map(({ slider }) => slider.element));
    markLines();
  }

  function markLines() {
    const drawn = lines.map(({ line: { middle, along, half } }) => ({
      from: middle.map((value, latent) => value - half * along[latent]), to: middle.map((value, latent) => value + half * along[latent]),
    }));
    const { from, to } = state.path;
    if (from !== null && to !== null) drawn.push({ from: codeOf(from), to: codeOf(to), dashed: true });
    plane.mark({ lines: drawn });
  }

  function drawPath() {
    const { from, to, at } = state.path;
    const ready = from !== null && to !== null;
    for (const end of ["from", "to"]) {
      const point = state.path[end];
      pathEnds[end].replaceChildren(...(point === null ? [] : [thumbnailCanvas(point)]));
      pathButtons[end].disabled = state.frame === null;
      pathButtons[end].textContent = state.frame === null ? `Choose ${some(word)} first` : `${end === "from" ? "Start from" : "End at"} ${frameNumber(state.frame)}`;
    }
    pathRange.disabled = !ready;
    pathSlider.element.classList.toggle("off", !ready);
    pathSlider.show(at);
    markLines();
  }

  function alongPath() {
    const { from, to, at } = state.path;
    if (from === null || to === null) return;
    const start = codeOf(from), end = codeOf(to);
    state.latents = Array.from(start, (value, latent) => value + at * (end[latent] - value));
    byHand();
  }

  function drawLegend() {
    const key = (className, text) => h("span", { class: `key ${className}` }, text);
    const chosen = state.colour === "part" && !heldOut ? "none" : state.colour;
    legend.replaceChildren(...(chosen === "part" ? [key("training", "training"), key("held-out", "held out")]
      : chosen === "time" ? [h("span", { class: "ramp" }, h("span", {}, "first"), h("i"), h("span", {}, "last"))] : [key("training", `${word}s`)]));
    for (const input of colourChoices.querySelectorAll("input")) input.checked = input.value === chosen;
  }

  function drawChoices() {
    axisChoices.forEach((choice, which) => {
      choice.querySelector("select").replaceChildren(...state.names.map((name, index) => {
        const option = h("option", { value: index }, name);
        option.selected = state.axes[which] === index;
        return option;
      }));
    });
  }

  /** Show the frame or the picture that was chosen; returns the error of its reconstruction in grey levels, if there is one. */
  function showFrame() {
    const point = state.frame;
    filmstrip.show(point);
    plane.mark({ frame: point });
    trays.setCurrent(point);
    drawPath();
    if (point !== null) return comparison.show(`${capital(word)} ${frameNumber(point)}, ${header.parts[parts[point]]}`, thumbnail(point), codeOf(point));
    return own ? comparison.show("Your picture", own.levels, own.code) : comparison.show("", null, null);
  }

  // --- what a person does ---

  function pick(point, { fly = true } = {}) {
    state.frame = point;
    showFrame();
    if (fly) flyTo(codeOf(point));
    else { stop(); state.latents = Array.from(codeOf(point)); moved(); }
  }

  let flight = 0;
  /** Go there: at once, or gliding for a moment so that the eye can follow. */
  function flyTo(target) {
    stop();
    const goal = Array.from(target), start = [...state.latents], began = performance.now(), mine = ++flight;
    if (reducedMotion()) {
      state.latents = goal;
      return moved();
    }
    const tick = () => {
      if (mine !== flight) return;
      const t = Math.min((performance.now() - began) / 280, 1), eased = 1 - (1 - t) ** 3;
      state.latents = t === 1 ? goal : start.map((value, latent) => value + eased * (goal[latent] - value));
      moved();
      if (t < 1) requestAnimationFrame(tick);
    };
    return tick();
  }

  let walking = null;
  function walk() {
    flight++;
    walking = { path: null, began: 0, from: [...state.latents] };
    walkButton.setAttribute("aria-pressed", "true");
    walkButton.textContent = "Stop";
    const mine = walking;
    let lastStop = -1;
    const tick = () => {
      if (walking !== mine) return;
      // moved by hand: go on from there
      if (!mine.path || mine.from === null) {
        mine.path = makeWalk(state.latents, { draw: priorDraw });
        mine.began = performance.now();
        lastStop = -1;
      }
      const seconds = (performance.now() - mine.began) / 1000;
      const stopNumber = Math.floor(seconds / mine.path.secondsPerStop);
      // with less motion: from stop to stop, without the way between
      if (!reducedMotion() || stopNumber !== lastStop) {
        lastStop = stopNumber;
        state.latents = mine.path.at(reducedMotion() ? stopNumber * mine.path.secondsPerStop + 1e-6 : seconds);
        moved();
        mine.from = state.latents;
      }
      requestAnimationFrame(tick);
    };
    tick();
  }
  function stop() {
    flight++;
    if (!walking) return;
    walking = null;
    walkButton.setAttribute("aria-pressed", "false");
    walkButton.textContent = "Walk";
    remember();
  }

  async function takePicture(given) {
    if (!encode) return;
    try {
      const { levels: pixels, note } = await readPicture(given, header.imageShape);
      own = { levels: pixels, code: Float32Array.from(encode(pixels)) };
      fileNote.textContent = note;
      fileNote.classList.remove("wrong");
      state.frame = null;
      plane.mark({ own: own.code });
      own.unlike = unlikeness(showFrame());
      flyTo(own.code);
    } catch (error) {
      if (!(error instanceof ExplorerError)) throw error;
      fileNote.textContent = error.message;
      fileNote.classList.add("wrong");
    }
  }

  function announce(text) {
    announcer.textContent = text;
  }

  async function copyLink() {
    flush();
    try {
      await navigator.clipboard.writeText(location.href);
      linkButton.textContent = "Copied";
      announce("Link copied");
    } catch {
      linkButton.textContent = "Copy it from the address bar";
    }
    setTimeout(() => { linkButton.textContent = "Copy link"; }, 1600);
  }

  const flush = () => onstate?.(writeFragment(state, defaults));
  const rememberSoon = debounced(() => { if (!walking) flush(); }, 200);
  function remember() { rememberSoon(); }

  const isDark = () => (themed.dataset.theme ? themed.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches);
  function setTheme(theme) {
    themed.dataset.theme = theme;
    try { localStorage.setItem("freyvae-theme", theme); } catch { /* a file may not have storage */ }
    themeChanged();
  }
  function themeChanged() {
    themeButton.textContent = isDark() ? "Light" : "Dark";
    themeButton.setAttribute("aria-label", isDark() ? "Light theme" : "Dark theme");
    plane.redraw();
    comparison.redraw();
    filmstrip.redraw();
  }

  function load(text) {
    stop();
    const defaultsNow = { ...defaults, names: [...header.latents.names], path: { ...defaults.path } };
    state = readFragment(text, defaultsNow, { points: header.points });
    trays.setPoints(state.more, state.less);
    buildDirections();
    plane.setAxes(state.axes);
    plane.setColour(state.colour);
    drawLegend();
    named();
    showFrame();
    moved();
  }

  // --- the page around it ---

  const fit = () => {
    const room = face.parentElement.getBoundingClientRect().width;
    if (!room) return;
    const narrow = root.clientWidth < 760;
    const high = narrow ? Math.min(innerHeight * 0.3, 260) : clamp(innerHeight * 0.52, 280, 560);
    // whole device pixels to a pixel, so that all are equally large
    const ratio = devicePixelRatio || 1;
    const scale = Math.max(Math.floor(Math.min(room / width, high / height) * ratio), 1) / ratio;
    face.style.width = `${scale * width}px`;
    face.style.height = `${scale * height}px`;
  };
  const watch = new ResizeObserver(fit);
  watch.observe(root);
  addEventListener("resize", fit);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", themeChanged);
  const stopWatching = watchScrolling();
  let dragDepth = 0;
  const carriesFile = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  const onDrag = (event) => {
    if (!carriesFile(event)) return;
    event.preventDefault();
    dragDepth += event.type === "dragenter" ? 1 : event.type === "dragleave" ? -1 : 0;
    if (event.type === "drop") {
      dragDepth = 0;
      if (event.dataTransfer.files[0]) takePicture(event.dataTransfer.files[0]);
    }
    overlay.classList.toggle("open", dragDepth > 0 && Boolean(encode));
  };
  const onPaste = (event) => {
    if (event.clipboardData?.files[0]) takePicture(event.clipboardData.files[0]);
  };
  const heard = { dragenter: onDrag, dragover: onDrag, dragleave: onDrag, drop: onDrag, paste: onPaste };
  for (const [kind, answer] of Object.entries(heard)) listenOn.addEventListener(kind, answer);

  fit();
  draw();
  performance.mark("freyvae-first-face");
  load(fragment);
  themeChanged();
  const ready = unpackFrames(bundle).then((pixels) => {
    frames = pixels;
    showFrame();
    trays.redraw();
    root.dataset.frames = "drawn";
  });

  return {
    header, ready, load, draw, pick, takePicture, densityAt: density.describe,
    /** Grey levels of a code, as they are painted. */
    decode: (latents) => Array.from(toLevels(decode(latents), new Uint8ClampedArray(levels.length))),
    encode: encode && ((pixels) => Array.from(encode(pixels))),
    get latents() { return [...state.latents]; },
    setLatents(latents) { stop(); state.latents = Array.from(latents); moved(); },
    placeOf: plane.placeOf,
    themeChanged,
    destroy() {
      stop();
      stopWatching();
      watch.disconnect();
      removeEventListener("resize", fit);
      dark.removeEventListener("change", themeChanged);
      for (const [kind, answer] of Object.entries(heard)) listenOn.removeEventListener(kind, answer);
    },
  };
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
