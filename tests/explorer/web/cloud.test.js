import assert from "node:assert/strict";
import { test } from "node:test";

import { SHARES, levelsOf, segmentsAt, smoothed } from "#web/cloud/contours.js";
import { makeCloud } from "#web/cloud/cloud.js";
import { makeGrid } from "#web/cloud/grid.js";
import { readCloud } from "#web/cloud/read.js";

/** Numbers from 0 to 1, the same every time. */
function random(seed = 1) {
  let state = seed;
  return () => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

const RANGES = [
  [-2, 2],
  [-1, 3],
];

function someplaces(count) {
  const draw = random();
  return Float32Array.from({ length: 2 * count }, (_, at) => (at % 2 ? -1.5 + 5 * draw() : -2.5 + 5 * draw()));
}

test("the nearest point of a grid is the nearest of all, and hidden ones are passed over", () => {
  const places = someplaces(3000);
  const grid = makeGrid(places, RANGES);
  const draw = random(7);
  for (let time = 0; time < 200; time++) {
    const [x, y] = [-2.5 + 5 * draw(), -1.5 + 5 * draw()];
    const within = [0.02 + 0.3 * draw(), 0.02 + 0.3 * draw()];
    const isShown = (point) => point % 3 !== time % 3;
    let best = -1;
    let shortest = 1;
    for (let point = 0; point < 3000; point++) {
      const apart = ((places[2 * point] - x) / within[0]) ** 2 + ((places[2 * point + 1] - y) / within[1]) ** 2;
      if (isShown(point) && apart < shortest) [best, shortest] = [point, apart];
    }
    assert.equal(grid.near(x, y, within, isShown), best);
  }
});

test("a grid counts the shown points within its ranges", () => {
  const places = someplaces(1000);
  const inside = (point) =>
    Math.abs(places[2 * point]) < 2 && places[2 * point + 1] >= -1 && places[2 * point + 1] < 3 && point % 2 === 0;
  const expected = Array.from({ length: 1000 }, (_, point) => Number(inside(point))).reduce((a, b) => a + b);
  const counts = makeGrid(places, RANGES).counts((point) => point % 2 === 0);
  assert.equal(
    counts.reduce((a, b) => a + b),
    expected,
  );
});

test("smoothing keeps the sum away from the edge", () => {
  const counts = new Float32Array(64 * 64);
  counts[32 * 64 + 30] = 7;
  const sum = smoothed(counts, 64).reduce((a, b) => a + b);
  assert.ok(Math.abs(sum - 7) < 1e-4);
});

test("the contours of a normal density are circles that hold their shares", () => {
  const side = 200;
  const deviation = 25;
  const density = Float32Array.from({ length: side * side }, (_, cell) => {
    const [x, y] = [(cell % side) + 0.5 - side / 2, Math.floor(cell / side) + 0.5 - side / 2];
    return Math.exp(-(x * x + y * y) / (2 * deviation ** 2));
  });
  levelsOf(density, SHARES).forEach((level, at) => {
    // of a normal distribution in two dimensions, a share lies within this radius
    const radius = deviation * Math.sqrt(-2 * Math.log(1 - SHARES[at]));
    const segments = segmentsAt(density, side, level);
    assert.ok(segments.length > 100);
    for (let place = 0; place < segments.length; place += 2) {
      const found = Math.hypot(segments[place] - side / 2, segments[place + 1] - side / 2);
      assert.ok(Math.abs(found - radius) < 1, `${found} is not ${radius}`);
    }
  });
});

test("a contour at the edge of the grid is closed", () => {
  const segments = segmentsAt(new Float32Array(9).fill(1), 3, 0.5);
  const ends = new Map();
  for (let at = 0; at < segments.length; at += 2) {
    const key = `${segments[at]},${segments[at + 1]}`;
    ends.set(key, (ends.get(key) ?? 0) + 1);
  }
  assert.ok(ends.size > 4);
  assert.ok([...ends.values()].every((count) => count === 2));
});

function file({ header = {}, cut = 0 } = {}) {
  const all = { format: 1, images: 9, points: 3, views: ["principal", "map"], columns: ["parts", "labels"], ...header };
  const text = JSON.stringify(all);
  const line = `${text}${" ".repeat((4 - ((text.length + 1) % 4)) % 4)}\n`;
  const bytes = new Uint8Array(line.length + 3 * (4 + 16 + 2) - cut);
  bytes.set(new TextEncoder().encode(line));
  if (cut) return bytes.buffer;
  new Int32Array(bytes.buffer, line.length, 3).set([8, 0, 4]);
  new Float32Array(bytes.buffer, line.length + 12, 6).set([1, 2, 3, 4, 5, 6]);
  new Float32Array(bytes.buffer, line.length + 36, 6).set([0.1, 0.2, 0.3, 0.4, 0.5, 0.6]);
  bytes.set([0, 2, 1, 3, 4, 5], line.length + 60);
  return bytes.buffer;
}

test("a file of points is read, and one that is cut or of another format refused", () => {
  const found = readCloud(file());
  assert.deepEqual([...found.numbers], [8, 0, 4]);
  assert.deepEqual([...found.views.principal], [1, 2, 3, 4, 5, 6]);
  assert.ok(Math.abs(found.views.map[5] - 0.6) < 1e-6);
  assert.deepEqual([...found.parts], [0, 2, 1]);
  assert.deepEqual([...found.columns.labels], [3, 4, 5]);
  assert.throws(() => readCloud(file({ cut: 1 })), /damaged/);
  assert.throws(() => readCloud(file({ header: { format: 2 } })), /format 2/);
  assert.throws(() => readCloud(new TextEncoder().encode("nonsense\n").buffer), /damaged/);
});

test("groups are hidden by any kind that the points have", () => {
  const cloud = makeCloud(readCloud(file()));
  const shown = () => [0, 1, 2].map(cloud.isShown);
  cloud.hide({ part: [1], label: [], group: [] });
  assert.deepEqual(shown(), [true, false, false]);
  cloud.hide({ part: [0], label: [5], group: [0] });
  assert.deepEqual(shown(), [false, true, false]);
  assert.equal(cloud.find(4), 2);
  assert.equal(cloud.find(5), -1);
  assert.equal(cloud.setView("latents", RANGES), false);
});
