"""How much memory is free, and does that suffice?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from freyvae.errors import BadInput
from freyvae.late import keras, np
from freyvae.memory import free_bytes_of_machine

if TYPE_CHECKING:
    import numpy.typing

# values that an optimizer keeps of each weight, until it is built: as many as Adam
SLOTS = 2


def free_bytes() -> int:
    """Free memory of the device that JAX computes on, or of the machine; where that is unknown, no limit."""
    stats = None
    if keras.backend.backend() == "jax":
        import jax

        stats = jax.local_devices()[0].memory_stats()
    if stats and "bytes_limit" in stats:
        return int(stats["bytes_limit"] - stats["bytes_in_use"])
    return free_bytes_of_machine()


def check_memory(what: str, shape: Sequence[int], dtype: str, advice: str = "ask for fewer") -> None:
    """Ask whether a numpy array (count, ...) fits, before anything is computed; `advice` is for where it does not.

    Raises:
        BadInput: it does not.
    """
    needed, free = math.prod(map(int, shape)) * np.dtype(dtype).itemsize, free_bytes_of_machine()
    if needed > free:
        raise BadInput(
            f"{shape[0]} {what} need {needed / 2**30:.1f} GiB of memory and {free / 2**30:.1f} GiB are free: {advice}"
        )


@dataclass(frozen=True)
class TrainingBytes:
    """An estimate of the memory that a training allocates, within a factor of about 2, in bytes.

    Attributes:
        weights: gradients, and what the optimizer will keep of each weight.
        activations: what the networks and the loss keep of the images that are in work at once.
        images: the copies on the device.
    """

    weights: int
    activations: int
    images: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.activations + self.images


def bytes_of_training(
    model: keras.Model, data: Sequence[numpy.typing.NDArray[np.uint8]], batch_size: int
) -> TrainingBytes:
    """Estimate what a training allocates beside the model and the images that are there already.

    Args:
        model: compiled. `values_of_image` says how many values a step keeps of each image.
        data: the training images, and those held out.
        batch_size: images in a step.
    """
    from freyvae.cores import cores
    from freyvae.engine.device import is_stepped
    from freyvae.engine.shares import shares_of_step
    from freyvae.engine.stream import AHEAD, BLOCK_BYTES
    from freyvae.engine.training import is_streamed

    trained = sum(4 * math.prod(weight.shape) for weight in model.trainable_variables)
    optimizer = model.optimizer
    to_come = 0 if optimizer.built else SLOTS + bool(getattr(optimizer, "use_ema", False))
    shares = shares_of_step(model, batch_size) if is_stepped(model) else 1
    devices = _devices_of_batch(batch_size)
    together = min(shares, cores())
    # each core has the gradients of a share and the sum of those before; of the sums there is a mean
    gradients = 1 if shares == 1 else 2 * together + 1
    return TrainingBytes(
        weights=trained * (to_come + gradients),
        activations=4 * (batch_size // (shares * devices)) * together * model.values_of_image,
        # those that are streamed are there by blocks: that in work, those that wait, and one that is read
        images=sum((AHEAD + 2) * BLOCK_BYTES if is_streamed(images) else images.nbytes for images in data),
    )


def _devices_of_batch(batch_size: int) -> int:
    """Among how many accelerators, each with a memory of its own, a batch is divided. Host devices share theirs."""
    from freyvae.engine import distribute

    if not distribute.is_on() or not distribute.is_divided(batch_size):
        return 1
    import jax

    return 1 if jax.devices()[0].platform == "cpu" else int(jax.device_count())


def check_training(
    model: keras.Model, data: Sequence[numpy.typing.NDArray[np.uint8]], batch_size: int, *, width: str = "hidden"
) -> None:
    """Ask whether a training fits into the memory that is free, before its first step.

    Args:
        model: as in `bytes_of_training`.
        data: likewise.
        batch_size: likewise.
        width: the argument that makes the network smaller.

    Raises:
        BadInput: it does not. The line says which arguments to change.
    """
    needed, free = bytes_of_training(model, data, batch_size), free_bytes()
    if needed.total <= free:
        return
    advice = {
        "weights": f"choose a smaller {width}=... or image_size=...",
        "activations": f"choose a smaller batch_size=..., image_size=... or {width}=...",
        "images": "give fewer images, or choose a smaller image_size=...",
    }
    largest = max(advice, key=lambda part: getattr(needed, part))
    parts = ", ".join(f"{part} {_gib(getattr(needed, part))}" for part in advice)
    raise BadInput(
        f"the training needs about {_gib(needed.total)} GiB of memory ({parts}) and {_gib(free)} GiB are free: "
        f"{advice[largest]}"
    )


def _gib(count: int) -> str:
    return f"{count / 2**30:.2g}" if count < 2**30 else f"{count / 2**30:.1f}"
