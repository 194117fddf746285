// The data that Python writes (`bundle.py`, `graph.py`, `density.py`), and the records that modules hand each other.

/** Float32 tensors are flat, channels last, without a batch axis; a shape has one number an axis. */
export type Shape = number[];

/** Latents, in their own units: one number each. */
export type Code = ArrayLike<number>;

/** Where a weight lies in its network's blob, in numbers from its start. */
export interface StoredWeight {
  start: number;
  shape: Shape;
}

export interface Step {
  op: string;
  /** Numbers of the tensors that are read; tensor 0 is the network's input. */
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

/** What an operation is prepared with; it fills `output` each time that the function it returns is called. */
export interface Operands<Options = {}> {
  inputs: Float32Array[];
  inputShapes: Shape[];
  output: Float32Array;
  shape: Shape;
  options: Options;
  weights: Record<string, Weight>;
}

export type Prepare = (operands: Operands<any>) => () => void;

/** Windows of a convolution or a pool, per spatial axis. */
export interface WindowOptions {
  strides: [number, number];
  /** Before and after, for each axis. */
  pads: [[number, number], [number, number]];
  dilation?: [number, number];
}

export interface LatentsHeader {
  count: number;
  names: string[];
  /** Of a slider's value, in latents. */
  unit: number;
  /** The sliders' reach and step and the plane's reach, in units. */
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
  images: number;
  isVideo: boolean;
  parts: string[];
  latents: LatentsHeader;
  points: number;
  frames: number;
  framesPacked: "left" | "before";
  decoder: Network;
  encoder: Network | null;
  encoderMissing: string;
  likeness: { percentiles: number[]; of: string };
  /** Each blob's size in bytes, and its checksum. */
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
  /** 0 for training, else held out. */
  parts: Uint8Array;
  /** The point of each frame. */
  framePoints: Int32Array;
  priorDraws: Float32Array | null;
  packedFrames: Uint8Array<ArrayBuffer>;
  density: DensityTables;
  decoderWeights: () => Float32Array;
  encoderWeights: () => Float32Array;
}

/** What the page says of a code: is the model among its data there? */
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

/** A direction made by hand: points that have something, and points that have not. */
export interface Direction {
  name: string;
  more: number[];
  less: number[];
}

/** A line through latent space: its middle, its unit vector, and half its length, in latents. */
export interface Line {
  middle: number[];
  along: number[];
  half: number;
}

/** A stretch that the plane marks. */
export interface MarkedLine {
  from: Code;
  to: Code;
  dashed?: boolean;
}

/** Everything that a link carries. */
export interface State {
  latents: number[];
  names: string[];
  axes: number[];
  colour: string;
  /** The point that is chosen. */
  frame: number | null;
  directions: Direction[];
  more: number[];
  less: number[];
  path: { from: number | null; to: number | null; at: number };
}

/** A person's own picture, with its code and what is said of it. */
export interface OwnPicture {
  levels: Uint8Array;
  code: Float32Array;
  unlike: Knowledge | null;
}

/** Grey levels 0 to 255, one a pixel and channel. */
export type Levels = Uint8Array | Uint8ClampedArray;

export type Decode = (latents: Code) => Float32Array;

export type Painter = (canvas: HTMLCanvasElement, levels: Levels) => void;

/** What an element may hold; null and undefined are nothing. */
export type Child = Node | string | null | undefined | Child[];
