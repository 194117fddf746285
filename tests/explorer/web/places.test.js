import assert from "node:assert/strict";
import { test } from "node:test";

import { alongLine, between, lineBetween, meanCode, placeOnLine } from "#web/line.js";
import { timeColour } from "#web/plane/dots.js";
import { makeGeometry } from "#web/plane/geometry.js";
import { withAxis } from "#web/views/choices.js";
import { makeWalk, normal } from "#web/walk.js";
import { assertClose, numbers } from "./close.js";

const codes = Float32Array.of(0, 0, 3, 4, 1, -1);

test("the line between the means of two groups", () => {
  assertClose(meanCode(codes, 2, [1, 2]), [2, 1.5]);
  const line = lineBetween([0, 0], [3, 4]);
  assertClose([...line.middle, ...line.along, line.half], [1.5, 2, 0.6, 0.8, 2.5]);
  assertClose(
    [alongLine(line, [3, 4]), alongLine(line, [0, 0]), alongLine(line, [1.5 - 0.8, 2 + 0.6])],
    [2.5, -2.5, 0],
  );
  assertClose(placeOnLine(line, 2.5), [3, 4]);
  assert.equal(lineBetween([1, 2], [1, 2]), null);
  assertClose(between([0, 2], [4, 0], 0.25), [1, 1.5]);
});

function plane({ count = 2, points = 3, values = codes, isShown = () => true } = {}) {
  const latents = { count, plane: 4, unit: 0.5, axes: count > 1 ? [0, 1] : [0] };
  const geometry = makeGeometry({ header: { latents, points }, codes: values }, isShown);
  geometry.resize(400, 200);
  return geometry;
}

test("on the map points have places of their own, and a code that of the nearest point", () => {
  const latents = { count: 2, plane: 4, unit: 0.5, axes: [0, 1] };
  const map = Float32Array.of(0, 0, -0.5, 0.5, 0.95, -0.5);
  const geometry = makeGeometry({ header: { latents, points: 3 }, codes, map });
  geometry.resize(400, 200);
  geometry.setView("map", [0, 1]);
  assertClose([...geometry.placeOf(0), ...geometry.placeOf(1)], [200, 100, 100, 50]);
  assertClose([geometry.x([2.9, 3.9]), geometry.y([2.9, 3.9])], [100, 50]);
  assertClose(geometry.latentsAt(0.9, 0.7, new Float32Array(2), new Float32Array(2)), [1, -1]);
  // arrows go to the next image in that direction, and stay where there is none
  assertClose(geometry.moved(0.05, 0, [0, 0], new Float32Array(2)), [1, -1]);
  assertClose(geometry.moved(0, 0.05, [3, 4], new Float32Array(2)), [3, 4]);
  geometry.setView("latents", [0, 1]);
  assertClose(geometry.placeOf(0), [200, 100]);
  // without a map nothing changes
  const without = plane();
  without.setView("map", [0, 1]);
  assertClose(without.placeOf(0), geometry.placeOf(0));
});

test("places of the plane and the latents there belong together", () => {
  const geometry = plane();
  // the plane reaches 4 units of 0.5 latents to each side
  assertClose([geometry.x([0, 0]), geometry.y([0, 0]), geometry.x([2, 2]), geometry.y([2, 2])], [200, 100, 400, 0]);
  const into = new Float32Array(2);
  assertClose(geometry.latentsAt(0.75, 0.25, new Float32Array(2), into), [1, 1]);
  assertClose([geometry.x(into), geometry.y(into)], [300, 50]);
  assertClose(geometry.placeOf(2), [300, 150]);
});

test("on the plane of two components a place and the codes there belong together", () => {
  // the components of latents of unequal scale, and not along them
  const middle = [1, 0, 0];
  const rows = [0.5, 0.5, 0, 0.25, -0.25, 1];
  const steps = [1, 1, 0, 0.2, -0.2, 0.9];
  const header = {
    latents: { count: 3, plane: 4, unit: 1, axes: [0, 1] },
    points: 1,
    plane: {
      ranges: [
        [-1, 3],
        [-2, 2],
      ],
    },
  };
  const geometry = makeGeometry({
    header,
    codes: Float32Array.of(2, 1, 0),
    plane: Float32Array.of(...middle, ...rows, ...steps),
  });
  geometry.resize(400, 200);
  geometry.setView("principal", [0, 1]);
  // 0.5 (2 - 1) + 0.5 1 = 1 of -1 to 3, and 0 of -2 to 2
  assertClose(geometry.placeOf(0), [200, 100]);
  const now = Float32Array.of(5, 6, 7);
  const into = geometry.latentsAt(0.25, 0.75, now, new Float32Array(3));
  assertClose([geometry.x(into), geometry.y(into)], [100, 150], 1e-4);
  const by = geometry.moved(0.5, 0, Float32Array.of(2, 1, 0), new Float32Array(3));
  assertClose(by, [2.5, 1.5, 0]);
  // what is on neither axis stays: the change is a sum of the two steps
  const [a, b] = [into[0] - 5, into[1] - 6];
  assertClose([into[2] - 7], [(0.9 * (a - b)) / 0.4], 1e-3);
  assert.ok(!geometry.isSlice);
});

test("a part of the plane is shown larger, about a place", () => {
  const geometry = plane();
  geometry.zoomBy(2, 0.75, 0.5);
  assertClose([geometry.x([1, 0]), geometry.y([1, 0])], [300, 100]);
  assertClose([...geometry.ends(0), ...geometry.ends(1)], [-1, 3, -2, 2]);
  assertClose(geometry.latentsAt(1, 0, new Float32Array(2), new Float32Array(2)), [1.5, 1]);
  geometry.zoomBy(0.1, 0, 0);
  assertClose(geometry.ends(0), [-4, 4]);
});

test("the ellipse of a distribution is where its deviations are, turned on the plane of components", () => {
  const { x, y, long, short, angle } = plane().ellipse([1, 0], [0.5, 0.5]);
  // 100 and 50 pixels for 1 in the latents
  assertClose([x, y, long, short, angle], [300, 100, 50, 25, 0]);
  assertClose([plane().ellipse([0, 0], [0.1, 1]).angle % Math.PI], [Math.PI / 2]);
  // along both axes alike, one latent alone makes a line from the lower left to the upper right
  const ranges = [
    [-1, 1],
    [-1, 1],
  ];
  const header = { latents: { count: 3, plane: 4, unit: 1, axes: [0, 1] }, points: 1, plane: { ranges } };
  const numbers = Float32Array.of(0, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0);
  const geometry = makeGeometry({ header, codes: new Float32Array(3), plane: numbers });
  geometry.resize(200, 200);
  geometry.setView("principal", [0, 1]);
  const line = geometry.ellipse([0, 0, 0], [0.1, 0.2, 0.3]);
  assertClose([line.long, line.short, line.angle], [10 * Math.SQRT2, 0, -Math.PI / 4], 1e-4);
});

test("of each tile the point nearest to its centre", () => {
  const values = Float32Array.of(-1, 1, -1.2, 1, 1, -1);
  const tiles = (isShown) => [...plane({ points: 3, values, isShown }).pointsOfTiles(2, 2)];
  assert.deepEqual(
    tiles(() => true),
    [0, -1, -1, 2],
  );
  assert.deepEqual(
    tiles((point) => point > 0),
    [1, -1, -1, 2],
  );
});

test("a hidden point is in nobody's way", () => {
  // the first two lie 3 pixels apart
  const options = { points: 3, values: Float32Array.of(0, 0, 0.03, 0, 1, -1), isShown: (point) => point > 0 };
  const geometry = plane(options);
  const [x, y] = geometry.placeOf(0);
  assert.equal(geometry.near(x, y, 8), 1);
  assert.equal(geometry.nearest(x, y), 1);
  assert.equal(plane({ ...options, isShown: (point) => point > 1 }).near(x, y, 8), -1);
  assert.equal(plane({ ...options, isShown: () => false }).nearest(x, y), -1);
  const around = [
    [x - 20, y - 20],
    [x + 20, y - 20],
    [x + 20, y + 20],
    [x - 20, y + 20],
  ];
  assert.deepEqual(geometry.within(around), [1]);
});

test("on a map whose images are all hidden the code stays as it is", () => {
  const header = { latents: { count: 2, plane: 4, unit: 0.5, axes: [0, 1] }, points: 1 };
  const bundle = { header, codes: Float32Array.of(1, 2), map: Float32Array.of(0, 0) };
  const geometry = makeGeometry(bundle, () => false);
  geometry.resize(400, 200);
  geometry.setView("map", [0, 1]);
  assertClose(geometry.latentsAt(0.5, 0.5, [7, 8], new Float32Array(2)), [7, 8]);
});

test("a lasso holds the points within it", () => {
  const geometry = plane({ points: 3, values: Float32Array.of(-1, 1, 0, 0, 1, -1) });
  // a triangle about the upper left; the points are at (100, 50), (200, 100) and (300, 150)
  const corners = [
    [10, 10],
    [150, 10],
    [10, 150],
  ];
  assert.deepEqual(geometry.within(corners), [0]);
  assert.deepEqual(geometry.within([...corners].reverse()), [0]);
  assert.deepEqual(geometry.within([[0, 0]]), []);
});

test("latents on neither axis stay as they are", () => {
  const geometry = plane({ count: 3, points: 1, values: Float32Array.of(0, 1, 2) });
  geometry.setView("latents", [2, 0]);
  const now = Float32Array.of(7, 8, 9);
  assertClose(geometry.latentsAt(0.5, 0.5, now, new Float32Array(3)), [0, 8, 0]);
  assertClose(geometry.placeOf(0), [400, 100]);
});

test("with one latent the images' order is the other axis", () => {
  const geometry = plane({ count: 1, points: 3, values: Float32Array.of(0, 1, -1) });
  assert.ok(geometry.hasOneAxis());
  assertClose([0, 1, 2].flatMap(geometry.placeOf), [200, 200, 300, 100, 100, 0]);
  assertClose(geometry.latentsAt(1, 0, new Float32Array(1), new Float32Array(1)), [2]);
});

test("the nearest point is the one that a search through all finds", () => {
  const many = numbers(2 * 500).map((value) => 2 * value);
  const geometry = plane({ points: 500, values: many });
  for (let trial = 0; trial < 50; trial++) {
    const [x, y] = [(trial * 37) % 400, (trial * 53) % 200];
    const apart = Array.from({ length: 500 }, (_, point) => {
      const [px, py] = geometry.placeOf(point);
      return Math.hypot(px - x, py - y);
    });
    const least = Math.min(...apart);
    assert.equal(apart[geometry.nearest(x, y)], least);
    const near = geometry.near(x, y, 8);
    if (least < 8) assert.equal(apart[near], least);
    else assert.equal(near, -1);
  }
});

test("an axis that is taken is exchanged", () => {
  assert.deepEqual(withAxis([0, 1], 0, 2), [2, 1]);
  assert.deepEqual(withAxis([0, 1], 0, 1), [1, 0]);
  assert.deepEqual(withAxis([0, 1], 1, 0), [1, 0]);
});

test("colours of time go from the first to the last", () => {
  assert.equal(timeColour(0), "rgb(59,76,192)");
  assert.equal(timeColour(1), "rgb(209,73,91)");
  assert.equal(new Set(Array.from({ length: 1000 }, (_, at) => timeColour(at / 999))).size, 64);
});

test("a walk begins where one is, passes its stops, and has no jumps", () => {
  const stops = [
    [1, 0],
    [0, 5],
    [-3, 2],
    [4, 4],
  ];
  let drawn = 0;
  const walk = makeWalk([2, 2], { draw: () => stops[drawn++ % 4], secondsPerStop: 2 });
  assertClose(walk.at(0), [2, 2]);
  assertClose(walk.at(2), stops[0]);
  assertClose(walk.at(4), stops[1]);
  let before = walk.at(4);
  for (let seconds = 4.01; seconds < 12; seconds += 0.01) {
    const here = walk.at(seconds);
    assert.ok(Math.hypot(here[0] - before[0], here[1] - before[1]) < 0.12, `at ${seconds}`);
    before = here;
  }
});

test("standard normal numbers have mean 0 and variance 1", () => {
  // a grid over both uniform numbers in place of chance
  const drawn = [];
  for (let i = 0; i < 400; i++) {
    for (let j = 0; j < 50; j++) {
      const uniform = [(i + 0.5) / 400, (j + 0.5) / 50];
      drawn.push(normal(() => uniform.shift()));
    }
  }
  const mean = drawn.reduce((sum, value) => sum + value) / drawn.length;
  const variance = drawn.reduce((sum, value) => sum + value * value, 0) / drawn.length;
  assertClose([mean, variance], [0, 1], 0.01);
});
