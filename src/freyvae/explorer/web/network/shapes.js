// Calculations with the shapes of flat tensors.

/** @import { Shape } from "../types.js" */

/** @param {Shape} sizes */
export const product = (sizes) => sizes.reduce((total, size) => total * size, 1);

/**
 * For each index of a tensor of `shape`: its place in another one, in which a step along each axis is a stride.
 *
 * @param {Shape} shape
 * @param {number[]} strides
 * @param {number} [start] the place of the first
 */
export function placesOf(shape, strides, start = 0) {
  const places = new Int32Array(product(shape));
  const index = shape.map(() => 0);
  for (let at = 0, place = start; at < places.length; at++) {
    places[at] = place;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      place += strides[axis];
      if (++index[axis] < shape[axis]) break;
      place -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return places;
}

/** The distance of neighbours along each axis of a tensor. @param {Shape} shape */
export const stridesOf = (shape) => shape.map((_, axis) => product(shape.slice(axis + 1)));

/**
 * For each index of a tensor of `shape`: the index in a tensor of shape `given` that is broadcast to it.
 *
 * @param {Shape} given
 * @param {Shape} shape
 */
export function broadcast(given, shape) {
  const own = stridesOf(given);
  const more = shape.length - given.length;
  const strides = shape.map((_, axis) => (axis < more || given[axis - more] === 1 ? 0 : own[axis - more]));
  return placesOf(shape, strides);
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
