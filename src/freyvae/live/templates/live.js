// Draws what the server tells of a training: its curves, reconstructions, samples, and where the codes lie.

/**
 * @typedef {Record<string, number>} Row
 * @typedef {{ axes: string[], points: number[][], parts: Record<string, number> }} Codes
 * @typedef {{ epoch: number, reconstructions: string, samples?: string, codes: Codes }} Pictures
 * @typedef {object} News
 * @property {"waiting" | "training" | "drawing" | "done" | "stopped"} state
 * @property {number} [epoch]
 * @property {number} [epochs]
 * @property {number} [share]
 * @property {number} [seconds]
 * @property {number | null} [seconds_left]
 * @property {boolean} [has_pages]
 * @property {number} first
 * @property {Row[]} rows
 * @property {Pictures} [pictures]
 */

const PARTS = /** @type {const} */ ([
  ["training", "free_energy"],
  ["validation", "val_free_energy"],
]);
const WIDEST = 620;
const HEIGHT = 240;
const LEFT = 56;
const RIGHT = 90;
// of the first epochs this share leaves the panel at its top
const STEEP = 0.05;

/** @type {Row[]} */
let known = [];

/** @param {string} id */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/**
 * @param {string} name
 * @param {Record<string, string | number>} attributes
 * @param {string} [text]
 */
function svg(name, attributes, text) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  if (text !== undefined) element.textContent = text;
  return element;
}

/**
 * @param {HTMLElement} place
 * @param {string} label
 * @param {Element[]} shapes
 * @param {number} width
 * @param {number} height
 */
function draw(place, label, shapes, width, height) {
  const drawing = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label });
  drawing.append(...shapes);
  place.querySelector("svg")?.remove();
  place.append(drawing);
}

/** @param {number} seconds */
function inWords(seconds) {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

function drawCurves() {
  const skipped = Math.min(known.length - 1, Math.ceil(STEEP * known.length));
  const seen = known.slice(known.length > 3 ? skipped : 0);
  // as wide as the place, so that type keeps its size on a phone
  const width = Math.max(320, Math.min(WIDEST, byId("curves").clientWidth));
  const values = seen.flatMap((row) => PARTS.map(([, key]) => row[key]).filter(Number.isFinite));
  // not `Math.min(...values)`: a call has room for some ten thousand arguments
  const low = values.reduce((one, other) => Math.min(one, other), Infinity);
  const high = values.reduce((one, other) => Math.max(one, other), -Infinity);
  const digits = high - low < 2 ? 2 : high - low < 20 ? 1 : 0;
  const room = (high - low) * 0.08 || 1;
  const first = known[0].epoch;
  const last = known[known.length - 1].epoch;
  /** @param {number} epoch */
  const x = (epoch) => LEFT + ((epoch - first) / Math.max(last - first, 1)) * (width - LEFT - RIGHT);
  /** @param {number} value */
  const y = (value) => 10 + ((high + room - value) / (high - low + 2 * room)) * (HEIGHT - 40);
  /** @type {Element[]} */
  const shapes = [
    svg("path", { class: "axis", d: `M${LEFT} 10V${HEIGHT - 30}H${width - RIGHT}` }),
    svg("text", { x: LEFT - 8, y: y(high) + 4, "text-anchor": "end" }, high.toFixed(digits)),
    svg("text", { x: LEFT - 8, y: y(low) + 4, "text-anchor": "end" }, low.toFixed(digits)),
    svg("text", { x: LEFT, y: HEIGHT - 10 }, `epoch ${first}`),
    svg("text", { x: width - RIGHT, y: HEIGHT - 10, "text-anchor": "end" }, `${last}`),
  ];
  const inside = { x: LEFT, y: 0, width: width - LEFT - RIGHT, height: HEIGHT - 30 };
  const panel = svg("svg", { ...inside, viewBox: Object.values(inside).join(" ") });
  shapes.push(panel);
  /** @type {{ y: number, text: Element }[]} */
  const ends = [];
  for (const [part, key] of PARTS) {
    const shown = known.filter((row) => Number.isFinite(row[key]));
    if (!shown.length) continue;
    const path = shown.map((row) => `${x(row.epoch).toFixed(1)} ${y(row[key]).toFixed(1)}`).join("L");
    panel.append(svg("path", { class: `curve ${part}`, d: `M${path}` }));
    const value = shown[shown.length - 1][key];
    const text = svg("text", { class: part, x: width - RIGHT + 8 }, `${part} ${value.toFixed(digits)}`);
    ends.push({ y: Math.min(Math.max(y(value), 14), HEIGHT - 34), text });
  }
  ends.sort((one, other) => one.y - other.y);
  if (ends.length === 2) ends[1].y = Math.max(ends[1].y, ends[0].y + 17);
  for (const end of ends) end.text.setAttribute("y", String(end.y + 4));
  draw(byId("curves"), "Free energy by epoch", [...shapes, ...ends.map((end) => end.text)], width, HEIGHT);
}

/** @param {Codes} codes */
function drawCodes({ axes, points, parts }) {
  const isFlat = axes.length === 1;
  byId("axes").textContent = isFlat ? `; ${axes[0]} by image` : `; ${axes[0]} to the right, ${axes[1]} upwards`;
  const side = 480;
  const height = side * (isFlat ? 0.4 : 0.56);
  const reach = Math.max(2.2, ...points.flat().map((value) => Math.abs(value) * 1.05));
  const unit = height / 2 / reach;
  /** @type {Element[]} */
  const shapes = [
    svg("path", { class: "axis", d: `M0 ${height / 2}H${side}M${side / 2} 0V${height}` }),
    ...(isFlat ? [] : [1, 2].map((r) => svg("circle", { class: "axis", cx: side / 2, cy: height / 2, r: r * unit }))),
  ];
  let at = 0;
  for (const [part, count] of Object.entries(parts)) {
    for (const [index, point] of points.slice(at, at + count).entries()) {
      const cx = isFlat ? ((index + 0.5) / count) * side : side / 2 + point[0] * unit;
      const cy = height / 2 - (isFlat ? point[0] : point[1]) * unit;
      shapes.push(svg("circle", { class: `point ${part}`, cx: cx.toFixed(1), cy: cy.toFixed(1), r: 2.2 }));
    }
    at += count;
  }
  draw(byId("plane"), "Codes of training and held-out images; circles of one and two deviations of the prior", shapes, side, height);
}

/** @param {News} news */
function say(news) {
  const { epoch = 0, epochs = 0, seconds = 0, seconds_left: left } = news;
  const count = `epoch ${epoch} of ${epochs}`;
  const texts = {
    waiting: "waiting for the training to begin",
    training: epoch ? `${count}, ${left ? `${inWords(left)} left` : `${inWords(seconds)} so far`}` : "compiling the training step",
    drawing: `${count}, ${inWords(seconds)} in all; drawing the pictures`,
    done: `trained: ${epoch} epochs in ${inWords(seconds)}`,
    stopped: `stopped after epoch ${epoch} of ${epochs}; the same command goes on`,
  };
  const last = known[known.length - 1];
  const energy = last && Number.isFinite(last.val_free_energy) ? `; held out ${last.val_free_energy.toFixed(1)} nats per image` : "";
  byId("state").textContent = texts[news.state] + energy;
  /** @type {HTMLProgressElement} */ (byId("share")).value = news.share ?? 0;
  byId("links").hidden = !news.has_pages;
  document.title = `${news.share ? `${Math.floor(100 * news.share)} % ` : ""}${document.querySelector("h1")?.textContent}`;
}

const source = new EventSource("/live/events");
source.onmessage = (/** @type {MessageEvent<string>} */ message) => {
  /** @type {News} */
  const news = JSON.parse(message.data);
  known = [...known.slice(0, news.first), ...news.rows];
  say(news);
  if (news.rows.length) drawCurves();
  if (news.pictures) {
    drawCodes(news.pictures.codes);
    for (const name of /** @type {const} */ (["reconstructions", "samples"])) {
      const image = /** @type {HTMLImageElement} */ (byId(name));
      const address = news.pictures[name];
      image.hidden = !address;
      if (address) image.src = address;
    }
    document.body.dataset.drawn = String(news.pictures.epoch);
  }
  if (news.state === "done" || news.state === "stopped") source.close();
};
source.onerror = () => {
  byId("state").textContent = "no answer: the training was ended, or its terminal closed";
};
