"""One step of a training on several devices, of one process or many: each device has its images of a batch.

The step is the very function of one device; XLA divides it by where its images lie, and adds up what they need of each
other (data parallel). The noise is drawn for the whole batch, whoever computes it: so the weights are those of one
device, but for the order of sums. A batch that can't be divided equally is computed by each device as a whole.
"""

from functools import cache
from typing import Any

import numpy as np

# late: with Keras our classes are imported, and they need this module whole
from freyvae.late import keras

AXIS = "images"


def is_on() -> bool:
    """Whether there is more than one device to compute on, in all processes together."""
    if keras.backend.backend() != "jax":
        return False
    import jax

    return bool(jax.device_count() > 1)


@cache
def _mesh() -> Any:
    import jax

    return jax.sharding.Mesh(np.array(jax.devices()), (AXIS,))


def everywhere() -> Any:
    """The sharding of what each device has whole."""
    import jax

    return jax.sharding.NamedSharding(_mesh(), jax.sharding.PartitionSpec())


def is_divided(size: int) -> bool:
    """Whether a batch of so many images is divided among the devices: where that is equal."""
    return size % len(_mesh().devices) == 0


def of_batches(size: int) -> Any:
    """The sharding of batches (batch, image, height, width, channel) of `size` images: divided, where that is equal."""
    import jax

    if not is_divided(size):
        return everywhere()
    return jax.sharding.NamedSharding(_mesh(), jax.sharding.PartitionSpec(None, AXIS))


def rows_of_process(size: int) -> slice:
    """Which images of a batch of `size` this process reads."""
    import jax

    if not is_divided(size):
        return slice(0, size)
    own = [place for place, device in enumerate(_mesh().devices) if device.process_index == jax.process_index()]
    each = size // len(_mesh().devices)
    return slice(own[0] * each, (own[-1] + 1) * each)


def spread(tree: Any) -> Any:
    """Arrays of this process, the same in each, as such that every device has whole. With one device they are that."""
    if not is_on():
        return tree
    import jax

    devices = [device for device in _mesh().devices if device.process_index == jax.process_index()]

    def one(value: Any) -> Any:
        copies = [jax.device_put(value, device) for device in devices]
        return jax.make_array_from_single_device_arrays(np.shape(value), everywhere(), copies)

    return jax.tree.map(one, tree)


def own_copy(tree: Any) -> Any:
    """Of arrays that every device has whole, those of this process's own."""
    if not is_on():
        return tree
    import jax

    return jax.tree.map(lambda value: value.addressable_data(0), tree)


def shapes(tree: Any) -> Any:
    """The shapes of arrays that every device has whole."""
    import jax

    return jax.tree.map(lambda value: jax.ShapeDtypeStruct(value.shape, value.dtype, sharding=everywhere()), tree)


def batches_on_devices(images: np.ndarray, size: int) -> Any:
    """Take this process's rows of batches, uint8 (batch, row, height, width, channel), as those of all processes.

    Args:
        images: as `rows_of_process` says.
        size: images in a whole batch.
    """
    import jax

    whole = (images.shape[0], size, *images.shape[2:])
    return jax.make_array_from_process_local_data(of_batches(size), images, whole)
