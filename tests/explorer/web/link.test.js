import assert from "node:assert/strict";
import { test } from "node:test";

import { readFragment, writeFragment } from "#web/link.js";

const defaults = {
  latents: [0, 0, 0],
  names: ["humour", "pose", "z3"],
  axes: [0, 1],
  view: "principal",
  colour: "part",
  hidden: { part: [], label: [], group: [] },
  frame: null,
  directions: [],
  more: [],
  less: [],
  path: { from: null, to: null, at: 0 },
};
const points = 100;
const views = ["latents", "principal"];
const read = (text) => readFragment(text, defaults, { points, views });

test("everything in a state comes back from its link", () => {
  const state = {
    latents: [0.5, -1.25, 3e-7],
    names: ["a.b~c, d", "Ö & =", "z3"],
    axes: [2, 0],
    view: "principal",
    colour: "time",
    hidden: { part: [1], label: [0, 3], group: [2] },
    frame: 7,
    directions: [
      { name: "smi~ling", more: [1, 2], less: [3] },
      { name: "dark", more: [4], less: [5, 6] },
    ],
    more: [8],
    less: [9, 10],
    path: { from: 11, to: null, at: 0.25 },
  };
  const text = writeFragment(state, defaults);
  assert.deepEqual(read(text), state);
  assert.deepEqual(read(`#${text}`), state);
});

test("what is as it was at first is left out", () => {
  assert.equal(writeFragment(defaults, defaults), "z=0,0,0");
  assert.equal(writeFragment({ ...defaults, latents: [1.23456789, -2, 0] }, defaults), "z=1.23457,-2,0");
});

test("reading changes no defaults", () => {
  const before = structuredClone(defaults);
  const state = read("direction=a~1~2&names=x~y~z");
  state.directions.push({ name: "b", more: [1], less: [2] });
  state.path.at = 1;
  assert.deepEqual(defaults, before);
});

test("a link of an earlier version is read", () => {
  const state = read("z=1,2,3&frame=7&this=1&that=2&direction=a~3~4&path=1~2~0.5&axes=1.2&colour=none");
  assert.deepEqual(state, {
    ...defaults,
    latents: [1, 2, 3],
    frame: 7,
    more: [1],
    less: [2],
    directions: [{ name: "a", more: [3], less: [4] }],
    path: { from: 1, to: 2, at: 0.5 },
    // they name the latents of the plane
    axes: [1, 2],
    view: "latents",
    colour: "none",
  });
  assert.equal(read("z=1,2,3&map=no").view, "latents");
  const withMap = { ...defaults, view: "map" };
  const options = { points, views: [...views, "map"] };
  assert.equal(readFragment("z=1,2,3&axes=1.2", withMap, options).view, "map");
  assert.equal(readFragment("z=1,2,3&map=yes", defaults, options).view, "map");
  assert.equal(readFragment("z=1,2,3&map=yes", defaults, { points, views }).view, "principal");
});

test("a link with a code but no image begins at no image", () => {
  const begun = { ...defaults, frame: 5 };
  assert.equal(readFragment("", begun, { points, views }).frame, 5);
  assert.equal(readFragment("z=1,2,3", begun, { points, views }).frame, null);
  assert.equal(readFragment("z=1,2,3&frame=7", begun, { points, views }).frame, 7);
});

for (const broken of [
  "",
  "z=1,2",
  "z=1,,2",
  "z=1,2,x",
  "z=Infinity,0,0",
  "names=a~b",
  "view=globe",
  "view=map",
  "colour=green",
  "frame=100",
  "frame=-1",
  "frame=1e1",
  "direction=a",
  "direction=a~1",
  "direction=a~1~100",
  "this=x.y",
  "path=x~y~z",
  "%",
  "a=b&&==",
]) {
  test(`a broken link is as none: ${JSON.stringify(broken)}`, () => assert.deepEqual(read(broken), defaults));
}

test("axes that are none are those of before", () => {
  for (const axes of ["0.0", "0.3", "0.1.2"]) assert.deepEqual(read(`axes=${axes}`).axes, defaults.axes);
});

test("numbers, names and lists have bounds", () => {
  assert.deepEqual(read("z=1e9,-1e9,0").latents, [1000, -1000, 0]);
  assert.equal(read(`names=${"x".repeat(100)}~b~c`).names[0].length, 60);
  assert.equal(read("names=~%25E0%25A4%25A~c").names[0], "humour");
  assert.equal(read("path=1~2~7").path.at, 1);
  assert.equal(read("direction=a~1~2&".repeat(30)).directions.length, 20);
  assert.equal(read(`this=${Array(300).fill(5).join(".")}`).more.length, 200);
});
