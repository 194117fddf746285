// The explorer: its state, the views of it, and the user's actions on it.

import { ExplorerError } from "./errors.js";
import { unpackFrames } from "./bundle/frames.js";
import { shownAspect, toLevels } from "./canvas.js";
import { makeEverything } from "./everything.js";
import { layOut } from "./layout.js";
import { between } from "./line.js";
import { readFragment, writeFragment } from "./link.js";
import { makeModel } from "./model.js";
import { makeMotion } from "./motion.js";
import { makePoints } from "./points.js";
import { makeRuntime } from "./runtime.js";
import { makeShow } from "./show.js";
import { debounced } from "./timing.js";
import { makeViews } from "./views.js";
import { watchScrolling } from "./views/slider.js";

/** @import { Served } from "./served.js" */
/** @import { Bundle, Code, Header, State, View } from "./types.js" */
/** @import { Hands } from "./views.js" */

/**
 * Build an explorer inside `root`.
 *
 * @param {HTMLElement} root
 * @param {Bundle} bundle
 * @param {object} options
 * @param {string} [options.fragment] the initial state, as in a link
 * @param {(fragment: string) => void} [options.onstate] called with the fragment of a new state when changes pause
 * @param {(latents: number[]) => void} [options.onlatents] called at every change of the latents
 * @param {HTMLElement} [options.themed] the element whose data-theme is set
 * @param {HTMLElement | Document} [options.listenOn] where a picture may be dropped or pasted
 * @param {"h1" | "h2"} [options.heading] the title's element
 * @param {(number: number) => void} [options.onpick] called with the number, from 0, of an image that the user chose
 * @param {(file: File) => void} [options.onfile] called with a picture of the user
 * @param {Served | null} [options.served] what the page's server computes for it
 */
export function mount(
  root,
  bundle,
  { fragment = "", onstate, onlatents, themed = root, listenOn = root, heading = "h1", served = null, onpick, onfile },
) {
  const { header } = bundle;
  const model = makeModel(bundle, served);
  const runtime = makeRuntime({ header, model, served });
  const points = makePoints(bundle, model.decode);
  const everything = makeEverything({ header, word: points.word, served });
  const defaults = defaultState(bundle);
  const state = read(fragment);

  /** @param {string} text a fragment */
  function read(text) {
    return readFragment(text, defaults, { points: header.points, views: viewsOf(header) });
  }

  const flush = () => onstate?.(writeFragment(state, defaults));
  const remember = debounced(() => {
    if (!motion.walking) flush();
  }, 200);

  const motion = makeMotion({
    where: () => state.latents,
    move,
    draw: model.draw,
    onwalk: (walking) => {
      views.actions.showWalking(walking);
      if (!walking) remember();
    },
  });

  /** @type {Hands} */
  const hands = {
    // ends a flight; a walk continues from the new latents
    move(latents) {
      asked++;
      motion.land();
      move(latents);
    },
    rename(index, name) {
      state.names[index] = name;
      show.names();
      remember();
    },
    pick(point, how) {
      pick(point, how);
      onpick?.(bundle.numbers[point]);
    },
    pickNumber,
    takeFile: onfile ?? null,
    random() {
      asked++;
      motion.flyTo(model.draw());
    },
    walk() {
      asked++;
      if (motion.walking) motion.stop();
      else motion.walk();
    },
    reset() {
      asked++;
      state.frame = defaults.frame;
      show.frame();
      motion.flyTo(defaults.latents);
    },
    chooseAxes(axes) {
      state.axes = axes;
      show.axes();
      remember();
    },
    chooseView(view) {
      state.view = view;
      show.axes();
      show.latents();
      remember();
    },
    chooseColour(colour) {
      state.colour = colour;
      show.colour();
      remember();
    },
    toggleGroup(kind, group) {
      const groups = state.hidden[kind];
      state.hidden[kind] = groups.includes(group) ? groups.filter((other) => other !== group) : [...groups, group];
      show.colour();
      views.plane.redrawImages();
      remember();
    },
    fillTrays(more, less) {
      Object.assign(state, { more, less });
      remember();
    },
    addDirection(direction) {
      if (!views.directions.lineOf(direction)) {
        return "The two groups have the same mean code: there is no direction between them.";
      }
      state.directions.push(direction);
      show.directions();
      moved();
      views.announce(`New slider ${direction.name}`);
      return null;
    },
    removeDirection(direction) {
      state.directions = state.directions.filter((kept) => kept !== direction);
      show.directions();
      moved();
    },
    renameDirection: remember,
    goAlongPath(at) {
      state.path.at = at;
      const { from, to } = state.path;
      if (from !== null && to !== null) hands.move(between(points.codeOf(from), points.codeOf(to), at));
    },
    endPath(end) {
      state.path[end] = state.frame;
      show.path();
      remember();
    },
    ask,
    showPicture(own) {
      asked++;
      state.frame = null;
      show.ownPicture(own);
      motion.flyTo(own.code);
    },
    bringAddressUpToDate: onstate ? flush : null,
  };

  const views = makeViews({ root, themed, listenOn, bundle, model, points, served, state, hands });
  const show = makeShow({ header, model, points, everything, state, views, isQuiet: () => motion.walking });
  root.classList.add("freyvae");
  root.style.setProperty("--aspect", String(shownAspect(header)));
  root.replaceChildren(layOut({ header, points, heading, isBeside: Boolean(onpick), everything, runtime, views }));

  // what was asked for last: a slow answer does not take one away from what one did meanwhile
  let asked = 0;

  function ask() {
    const mine = ++asked;
    return () => mine === asked;
  }

  /** @param {number[]} latents */
  function move(latents) {
    state.latents = latents;
    moved();
  }

  function moved() {
    motion.moved();
    remember();
    show.latents();
    onlatents?.(state.latents);
  }

  /** @param {Code} latents */
  function setLatents(latents) {
    motion.stop();
    move(Array.from(latents));
  }

  /** @param {number} point */
  function pick(point, { fly = true } = {}) {
    asked++;
    state.frame = point;
    show.frame();
    if (fly) motion.flyTo(points.codeOf(point));
    else setLatents(points.codeOf(point));
  }

  /** Go to an image by its number from 0, of which the page may hold nothing. @param {number} number */
  async function pickNumber(number) {
    const point = points.pointOf(number);
    if (point >= 0) return pick(point);
    const isAskedFor = ask();
    try {
      const { levels, title } = await everything.picture(number);
      if (!model.encode || !isAskedFor()) return;
      const { code } = await model.encode(levels);
      if (isAskedFor()) hands.showPicture({ levels, code, unlike: null, title });
    } catch (error) {
      if (!(error instanceof ExplorerError)) throw error;
      if (!isAskedFor()) return;
      views.comparison.show(error.message, null, null);
      views.announce(error.message);
    }
  }

  /** @param {string} text the fragment of a link */
  function load(text) {
    asked++;
    motion.stop();
    Object.assign(state, read(text));
    views.trays.setPoints(state.more, state.less);
    show.directions();
    // before the plane is drawn, since groups may be hidden
    show.colour();
    show.axes();
    show.names();
    show.frame();
    moved();
  }

  views.face.fit();
  show.face();
  performance.mark("freyvae-first-face");
  const stopWatching = watchScrolling();
  load(fragment);
  views.theme.changed();
  const ready = unpackFrames(bundle).then((pixels) => {
    points.setFrames(pixels);
    show.frame();
    show.neighbours();
    views.filmstrip.sortAgain();
    views.trays.redraw();
    root.dataset.frames = "drawn";
  });
  runtime.start(show.face);
  everything.load((cloud) => {
    cloud.hide(state.hidden);
    views.plane.setCloud(cloud);
    views.choices.offerContours();
    root.dataset.points = String(cloud.count);
  });

  return {
    header,
    ready,
    load,
    draw: show.face,
    pick,
    pickNumber,
    takePicture: views.ownPicture.take,
    densityAt: model.density.describe,
    /** The grey levels of a decoded code, as they are painted. @param {Code} latents */
    decode(latents) {
      const pixels = model.decode(latents);
      return Array.from(toLevels(pixels, new Uint8ClampedArray(pixels.length)));
    },
    /** The code of an image's grey levels. @param {ArrayLike<number>} pixels */
    encode: async (pixels) => model.encode && Array.from((await model.encode(Uint8Array.from(pixels))).code),
    /** The deviations of a shown image's posterior. @param {number} point */
    async deviationsOf(point) {
      const pixels = points.original(point);
      return pixels && model.encode && Array.from((await model.encode(pixels)).deviations);
    },
    get latents() {
      return [...state.latents];
    },
    setLatents,
    placeOf: views.plane.placeOf,
    themeChanged: views.theme.changed,
    destroy() {
      motion.stop();
      stopWatching();
      views.face.destroy();
      views.sliders.destroy();
      views.theme.destroy();
      views.ownPicture.destroy();
    },
  };
}

/**
 * Two latents begin in the middle of the plane. Of more, the middle is no image, so it is one of the data that they show.
 *
 * @param {Bundle} bundle
 * @returns {State}
 */
function defaultState({ header, codes }) {
  const { count, names, axes } = header.latents;
  const { start } = header;
  return {
    latents: start === null ? new Array(count).fill(0) : Array.from(codes.subarray(start * count, (start + 1) * count)),
    names,
    axes,
    view: /** @type {View} */ (viewsOf(header).at(-1)),
    colour: "part",
    hidden: { part: [], label: [], group: [] },
    frame: start,
    directions: [],
    more: [],
    less: [],
    path: { from: null, to: null, at: 0 },
  };
}

/**
 * What the plane can show, the last being what it shows at first.
 *
 * @param {Header} header
 * @returns {View[]}
 */
function viewsOf({ plane, map }) {
  /** @type {View[]} */
  const views = ["latents"];
  if (plane) views.push("principal");
  if (map) views.push("map");
  return views;
}
