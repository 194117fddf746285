// The operations, by their names in Python (`graph.py`, `operations.py`). `reshape` needs no computation.

import { activation } from "./operations/activation.js";
import { add, concatenate, multiply } from "./operations/combine.js";
import { appendConstants } from "./operations/append_constants.js";
import { binary } from "./operations/binary.js";
import { clip } from "./operations/clip.js";
import { conv } from "./operations/conv.js";
import { convTranspose } from "./operations/conv_transpose.js";
import { dense } from "./operations/dense.js";
import { affine, layerNorm } from "./operations/normalise.js";
import { pad } from "./operations/pad.js";
import { globalPool, pool } from "./operations/pool.js";
import { permute } from "./operations/permute.js";
import { slice } from "./operations/slice.js";
import { softmaxAlong, sumAlong } from "./operations/along.js";
import { upsample } from "./operations/upsample.js";

/** @import { Prepare } from "../types.js" */

/** @type {Record<string, Prepare | undefined>} */
export const OPERATIONS = {
  activation,
  add,
  affine,
  append_constants: appendConstants,
  binary,
  clip,
  concatenate,
  conv,
  conv_transpose: convTranspose,
  dense,
  global_pool: globalPool,
  layer_norm: layerNorm,
  multiply,
  pad,
  permute,
  pool,
  slice,
  softmax_along: softmaxAlong,
  sum_along: sumAlong,
  upsample,
};
