// The data that Python writes (`bundle.py`, `graph.py`, `density.py`), and the records that modules exchange.

import type { Arena } from "./network/simd.js";

/** The shape of a tensor. Tensors are flat float32 arrays, channels last, without a batch axis. */
export type Shape = number[];

/** The values of the latents, in their own units. */
export type Code = ArrayLike<number>;

/** The place of a weight in its network's blob; `start` counts numbers. */
export interface StoredWeight {
  start: number;
  shape: Shape;
}

export interface Step {
  op: string;
  /** Numbers of the input tensors; tensor 0 is the network's input. */
  inputs: number[];
  output: number;
  shape: Shape;
  options: Record<string, any>;
  weights: Record<string, StoredWeight>;
}

export interface Network {
  blob: string;
  precision: "half" | "single";
  inputShape: Shape;
  outputs: number[];
  steps: Step[];
}

export interface Weight {
  values: Float32Array;
  shape: Shape;
}

/** The arguments of an operation. It returns a function, which fills `output` at each call. */
export interface Operands<Options = {}> {
  inputs: Float32Array[];
  inputShapes: Shape[];
  output: Float32Array;
  shape: Shape;
  options: Options;
  weights: Record<string, Weight>;
  /** Where products are computed; null in JavaScript. */
  arena: Arena | null;
}

export type Prepare = (operands: Operands<any>) => () => void;

/** The windows of a convolution or a pool, for each spatial axis. */
export interface WindowOptions {
  strides: [number, number];
  /** Padding before and after, for each axis. */
  pads: [[number, number], [number, number]];
  dilation?: [number, number];
}

export interface LatentsHeader {
  count: number;
  names: string[];
  /** The latent's value where a slider shows 1. */
  unit: number;
  /** The range and step of the sliders and the range of the plane, in units. */
  limit: number;
  step: number;
  plane: number;
  axes: number[];
  priorDraws: number;
}

export interface Header {
  format: number;
  title: string;
  imageShape: [number, number, number];
  /** the colour that each channel is shown in, 0 to 255 */
  channelColours: [number, number, number][];
  images: number;
  /** how many images there are, where these are some of them; otherwise 0 */
  sampleOf: number;
  isVideo: boolean;
  parts: string[];
  /** the labels that have a colour; the last may stand for others */
  labels: string[];
  labelColours: string[];
  /** the groups that have a colour, likewise */
  groups: string[];
  /** what tells them apart, such as `group`, "" without groups */
  groupBy: string;
  groupColours: string[];
  /** the score that images have, such as `oddness`, "" without one */
  score: string;
  /** the name of the map's method, "" without a map */
  map: string;
  /** Of more than two latents: what each says of an image, and the plane of the first two principal components. */
  order: { order: number[]; nats: number[] | null; active: boolean[] } | null;
  plane: { ranges: [number, number][]; explained: [number, number] } | null;
  /** The point where a page of more than two latents begins. */
  start: number | null;
  latents: LatentsHeader;
  points: number;
  frames: number;
  framesPacked: "left" | "before" | "sheet";
  decoder: Network;
  encoder: Network | null;
  encoderMissing: string;
  /** what the model has and the page does not show, "" where it shows all */
  leftOut: string;
  likeness: { percentiles: number[]; of: string };
  /** The size in bytes and the checksum of each blob. */
  blobs?: Record<string, [number, number]>;
}

export interface DensityTables {
  references: Float32Array;
  widths: Float32Array;
  percentiles: Float32Array;
}

export interface Bundle {
  header: Header;
  /** (point, latent) */
  codes: Float32Array;
  /** The image of each point, counted from 0. */
  numbers: Int32Array;
  /** 0 for training; other numbers are held out. */
  parts: Uint8Array;
  /** The label of each point, null without labels. */
  labels: Uint8Array | null;
  /** The group of each point, null without groups. */
  groups: Uint8Array | null;
  /** Of each point, of how many images the score is lower, 0 to below 1; null without scores. */
  scores: Float32Array | null;
  /** The file of each point, null where it is not known. */
  files: string[] | null;
  /** The x and y of each point on the map, from -1 to 1, null without a map. */
  map: Float32Array | null;
  /** The middle, two rows and two steps of the principal plane, (5, latent); null with two latents or one. */
  plane: Float32Array | null;
  /** The point of each frame. */
  framePoints: Int32Array;
  priorDraws: Float32Array | null;
  packedFrames: Uint8Array<ArrayBuffer>;
  density: DensityTables;
  decoderWeights: () => Float32Array;
  encoderWeights: () => Float32Array;
}

/** What the page says of a code: whether it lies among the codes of the training images. */
export interface Knowledge {
  level: "known" | "edge" | "guessing" | "lost";
  word: string;
  detail: string;
  /** 0 to 1 */
  confidence: number;
}

export interface Density {
  logDensity: (code: Code) => number;
  doubt: (code: Code) => number;
  describe: (code: Code) => Knowledge;
}

/** A direction that the user made: points with a feature, and points without it. */
export interface Direction {
  name: string;
  more: number[];
  less: number[];
}

/** A line through latent space: its midpoint, its unit vector, and half its length, in units of the latents. */
export interface Line {
  middle: number[];
  along: number[];
  half: number;
}

/** A segment that the plane marks. */
export interface MarkedLine {
  from: Code;
  to: Code;
  dashed?: boolean;
}

/** What the plane shows: two latents, the two principal components, or the map. */
export type View = "latents" | "principal" | "map";

/** What tells the points of different groups apart. */
export type Kind = "part" | "label" | "group";

/** Everything that a link carries. */
export interface State {
  latents: number[];
  names: string[];
  axes: number[];
  view: View;
  colour: string;
  /** The groups whose points are not shown, by what the colour tells apart: numbers of parts (0 and 1), of labels, of groups. */
  hidden: Record<Kind, number[]>;
  /** The chosen point. */
  frame: number | null;
  directions: Direction[];
  more: number[];
  less: number[];
  path: { from: number | null; to: number | null; at: number };
}

/** A picture of the user, with its code, and a warning if it is unlike the data. */
export interface OwnPicture {
  levels: Uint8Array;
  code: Float32Array;
  unlike: Knowledge | null;
  /** What it is called. */
  title: string;
}

/** Grey levels 0 to 255, one for each pixel and channel. */
export type Levels = Uint8Array | Uint8ClampedArray;

export type Decode = (latents: Code) => Float32Array;

/** A decoder that may be a runtime's: the pixels, or a promise of them. What is urgent comes before what is not. */
export type DecodeByAny = (latents: Code, isUrgent?: boolean) => Float32Array | Promise<Float32Array>;

/** What the encoder says of an image: the code, which is the mean of its posterior, and the posterior's deviations. */
export interface Posterior {
  code: Float32Array;
  deviations: Float32Array;
}

/** An encoder: the page's, the server's or a runtime's. */
export type Encode = (pixels: Levels) => Promise<Posterior>;

export type Painter = (canvas: HTMLCanvasElement, levels: Levels) => void;

/** A child of an element; null and undefined are left out. */
export type Child = Node | string | null | undefined | Child[];
