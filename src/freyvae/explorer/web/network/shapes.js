// Calculations with the shapes of flat tensors.

/** @import { Shape } from "../types.js" */

/** @param {Shape} sizes */
export const product = (sizes) => sizes.reduce((total, size) => total * size, 1);

/**
 * For each index of a tensor of `shape`: the index in a tensor of shape `given` that is broadcast to it.
 *
 * @param {Shape} given
 * @param {Shape} shape
 */
export function broadcast(given, shape) {
  const places = new Int32Array(product(shape));
  const strides = shape.map((_, axis) => {
    const own = axis - (shape.length - given.length);
    return own < 0 || given[own] === 1 ? 0 : product(given.slice(own + 1));
  });
  for (let at = 0; at < places.length; at++) {
    for (let axis = shape.length - 1, rest = at; axis >= 0; axis--) {
      places[at] += (rest % shape[axis]) * strides[axis];
      rest = Math.floor(rest / shape[axis]);
    }
  }
  return places;
}

/**
 * Number of blocks before an axis, of rows along it, and of values after it.
 *
 * @param {Shape} shape
 * @param {number} axis
 */
export function around(shape, axis) {
  return [product(shape.slice(0, axis)), shape[axis], product(shape.slice(axis + 1))];
}
