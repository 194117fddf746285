// Shows the state in the views, one part at a time.

import { capital, signed } from "./text.js";
import { ExplorerError } from "./errors.js";
import { debounced, newestOnly, oncePerFrame } from "./timing.js";

/** @import { Everything } from "./everything.js" */
/** @import { Model } from "./model.js" */
/** @import { Points } from "./points.js" */
/** @import { Code, Header, Levels, OwnPicture, State } from "./types.js" */
/** @import { Views } from "./views.js" */

/** @typedef {{ pixels: Levels | null, code: Code | null }} Compared */

// screen readers read at most this many latents of a code
const MOST_SAID = 6;

/**
 * @param {object} options
 * @param {Header} options.header
 * @param {Model} options.model
 * @param {Points} options.points
 * @param {Everything} options.everything
 * @param {State} options.state
 * @param {Views} options.views
 * @param {() => boolean} options.isQuiet whether moves are not announced, as during a walk
 */
export function makeShow({ header, model, points, everything, state, views, isQuiet }) {
  const { unit } = header.latents;
  /** @type {OwnPicture | null} */
  let own = null;

  /** Decode and paint immediately. */
  function face() {
    views.face.draw(state.latents);
  }
  const faceSoon = oncePerFrame(face);

  /** Show the images nearest to the code. */
  function neighbours() {
    views.neighbours.show(state.latents);
  }
  const neighboursSoon = oncePerFrame(neighbours);

  const describeSoon = debounced(() => {
    const said = (header.order?.order ?? [...state.names.keys()]).slice(0, MOST_SAID);
    const where = said.map((index) => `${state.names[index]} ${signed(state.latents[index] / unit)}`).join(", ");
    views.face.describe(where);
    if (!isQuiet()) views.announce(`${where}. ${views.knowing.words}`);
  }, 700);

  // the user's picture may be unlike the data although its code lies among their codes
  function unlikeness() {
    if (!own || state.frame !== null) return null;
    return own.code.every((value, latent) => value === state.latents[latent]) ? own.unlike : null;
  }

  function latents() {
    views.sliders.show(state.latents);
    views.directions.show(state.latents);
    views.draw.moved();
    views.plane.show(state.latents);
    views.knowing.show(unlikeness() ?? model.density.describe(state.latents));
    describeSoon();
    faceSoon();
    neighboursSoon();
  }

  function axes() {
    views.plane.setView(state.view, state.axes);
    views.choices.showView(state.view);
    views.choices.showAxes(state.names, state.axes);
  }

  function names() {
    views.sliders.rename(state.names);
    views.plane.rename(state.names);
    views.choices.showAxes(state.names, state.axes);
    describeSoon();
  }

  function colour() {
    points.hide(state.hidden);
    everything.cloud?.hide(state.hidden);
    views.plane.setColour(state.colour);
    views.choices.showColour(state.colour, state.hidden);
  }

  function lines() {
    const { from, to } = state.path;
    const drawn = views.directions.stretches();
    if (from !== null && to !== null) {
      drawn.push({ from: points.codeOf(from), to: points.codeOf(to), dashed: true });
    }
    views.plane.mark({ lines: drawn });
  }

  function directions() {
    views.directions.build(state.directions);
    lines();
  }

  function path() {
    views.path.show(state.path, state.frame);
    lines();
  }

  /** @type {Compared} */
  let compared = { pixels: null, code: null };
  const showPosterior = newestOnly(
    posteriorOf,
    (posterior, /** @type {Compared} */ of) => of === compared && views.plane.mark({ posterior }),
  );

  /** The posterior of the image that is compared, with its code; null where it is not known. @param {Compared} of */
  async function posteriorOf({ pixels, code }) {
    if (!pixels || !code || !model.encode) return null;
    try {
      return { code, deviations: (await model.encode(pixels)).deviations };
    } catch (error) {
      if (!(error instanceof ExplorerError)) throw error;
      return null;
    }
  }

  /** Show the chosen image, or the user's picture. Returns the error of its reconstruction, if there is one. */
  function frame() {
    const point = state.frame;
    views.filmstrip.show(point);
    const pixels = (point === null ? own?.levels : points.original(point)) ?? null;
    const code = (point === null ? own?.code : points.codeOf(point)) ?? null;
    compared = { pixels, code };
    views.plane.mark({ frame: point, posterior: null });
    showPosterior(compared);
    views.trays.setCurrent(point);
    path();
    return views.comparison.show(titleOf(point), pixels, code);
  }

  /** @param {number | null} point */
  function titleOf(point) {
    if (point === null) return own?.title ?? "";
    const file = points.fileOf(point);
    return `${capital(points.word)} ${points.numberOf(point)}, ${points.partOf(point)}${points.labelOf(point)}${file ? `, ${file}` : ""}`;
  }

  /** @param {OwnPicture} picture */
  function ownPicture(picture) {
    own = picture;
    views.plane.mark({ own: picture.code });
    const error = frame();
    own.unlike = error === null ? null : model.likeness.unlikeness(error);
  }

  return { face, neighbours, latents, axes, names, colour, directions, path, frame, ownPicture };
}
