// Creates the views of the explorer, and connects them to the user's actions.

import { h } from "./dom.js";
import { makePlane } from "./plane/plane.js";
import { makeActions } from "./views/actions.js";
import { makeChoices } from "./views/choices.js";
import { makeComparison } from "./views/comparison.js";
import { makeDirectionSliders } from "./views/directions.js";
import { makeDraw } from "./views/draw.js";
import { makeFace } from "./views/face.js";
import { makeFilmstrip } from "./views/filmstrip.js";
import { makeKnowing } from "./views/knowing.js";
import { makeLasso } from "./views/lasso.js";
import { makeLatentSliders } from "./views/latents.js";
import { makeLinkButton } from "./views/link_button.js";
import { makeNeighbours } from "./views/neighbours.js";
import { makeOwnPicture } from "./views/own_picture.js";
import { makePath } from "./views/path.js";
import { makeSave } from "./views/save.js";
import { makeTheme } from "./views/theme.js";
import { makeTrays } from "./views/trays.js";

/** @import { Model } from "./model.js" */
/** @import { Points } from "./points.js" */
/** @import { Served } from "./served.js" */
/** @import { Bundle, DecodeByAny, Direction, Kind, OwnPicture, State, View } from "./types.js" */

/**
 * The actions of the user.
 *
 * @typedef {object} Hands
 * @property {(latents: number[]) => void} move
 * @property {(index: number, name: string) => void} rename
 * @property {(point: number, options?: { fly?: boolean }) => void} pick
 * @property {(number: number) => void} pickNumber goes to an image that the server has, by its number from 0
 * @property {((file: File) => void) | null} takeFile told of a picture of the user
 * @property {() => void} random
 * @property {() => void} walk starts or stops a walk
 * @property {() => void} reset
 * @property {(axes: number[]) => void} chooseAxes
 * @property {(view: View) => void} chooseView
 * @property {(colour: string) => void} chooseColour
 * @property {(kind: Kind, group: number) => void} toggleGroup
 * @property {(more: number[], less: number[]) => void} fillTrays
 * @property {(direction: Direction) => string | null} addDirection
 * @property {(direction: Direction) => void} removeDirection
 * @property {() => void} renameDirection
 * @property {(at: number) => void} goAlongPath
 * @property {(end: "from" | "to") => void} endPath
 * @property {() => () => boolean} ask for what takes a while; tells later whether nothing else was asked for since
 * @property {(own: OwnPicture) => void} showPicture
 * @property {(() => void) | null} bringAddressUpToDate null if there is no address to copy
 */

/**
 * @param {object} options
 * @param {HTMLElement} options.root
 * @param {HTMLElement} options.themed
 * @param {HTMLElement | Document} options.listenOn
 * @param {Bundle} options.bundle
 * @param {Model} options.model
 * @param {Points} options.points
 * @param {Served | null} options.served
 * @param {State} options.state the state, which changes later
 * @param {Hands} options.hands
 */
export function makeViews({ root, themed, listenOn, bundle, model, points, served, state, hands }) {
  const { header } = bundle;
  const { unitName } = model;
  /** @type {DecodeByAny} */
  const decodeByAny = (latents, isUrgent) => model.decodeByAny(latents, isUrgent);
  const { painter } = points;
  const where = () => state.latents;

  const announcer = h("div", { class: "unseen", role: "status", "aria-live": "polite" });
  /** @param {string} text */
  const announce = (text) => {
    announcer.textContent = text;
  };

  const plane = makePlane({
    bundle,
    model,
    points,
    served,
    onmove: (latents) => hands.move(Array.from(latents)),
    onpick: (point) => hands.pick(point),
    onpicknumber: hands.pickNumber,
    onlasso: (found) => lasso.show(found),
  });
  const trays = makeTrays({ points, onchange: hands.fillTrays, onmake: hands.addDirection });
  const lasso = makeLasso({ points, onlasso: plane.setLasso, onfill: trays.fill });
  const comparison = makeComparison({ header, model, painter });
  const filmstrip = makeFilmstrip({
    header,
    points,
    onpick: (point) => hands.pick(point, { fly: false }),
    onpicknumber: served?.has("pictures") && model.encode ? hands.pickNumber : null,
    errorOf: (point) => {
      const pixels = points.original(point);
      return pixels && comparison.errorOf(pixels, points.codeOf(point));
    },
  });

  const draw = makeDraw({ header, painter, served, where, announce });

  return {
    announcer,
    draw,
    announce,
    plane,
    comparison,
    filmstrip,
    face: makeFace({ root, header, decode: decodeByAny, painter }),
    knowing: makeKnowing(root),
    neighbours: makeNeighbours({ bundle, points, onpick: (point) => hands.pick(point) }),
    sliders: makeLatentSliders({
      header,
      decode: decodeByAny,
      painter,
      unitName,
      names: state.names,
      onvalue: (index, latent) => hands.move(where().with(index, latent)),
      onrename: hands.rename,
    }),
    directions: makeDirectionSliders({
      bundle,
      unitName,
      where,
      onmove: hands.move,
      onrename: hands.renameDirection,
      onremove: hands.removeDirection,
    }),
    actions: makeActions({ onrandom: hands.random, onwalk: hands.walk, onreset: hands.reset, draw: draw.button }),
    choices: makeChoices({
      header,
      points,
      axesNow: () => state.axes,
      onaxes: hands.chooseAxes,
      onview: hands.chooseView,
      oncolour: hands.chooseColour,
      onshown: plane.setShown,
      ongroup: hands.toggleGroup,
      lasso: lasso.toggle,
      onzoom: plane.zoom,
    }),
    trays,
    lasso,
    path: makePath({ points, onvalue: hands.goAlongPath, onend: hands.endPath }),
    ownPicture: makeOwnPicture({
      header,
      model,
      listenOn,
      onasked: hands.ask,
      onpicture: hands.showPicture,
      onfile: hands.takeFile,
    }),
    save: makeSave({ header, model, painter, where, names: () => state.names }),
    linkButton: hands.bringAddressUpToDate && makeLinkButton({ flush: hands.bringAddressUpToDate, announce }),
    theme: makeTheme({
      themed,
      onchange: () => {
        plane.redraw();
        comparison.redraw();
        filmstrip.redraw();
      },
    }),
  };
}

/** @typedef {ReturnType<typeof makeViews>} Views */
