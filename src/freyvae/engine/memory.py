"""How much memory is free, and does that suffice?"""

import math
from collections.abc import Sequence

from freyvae.errors import BadInput
from freyvae.late import keras, np
from freyvae.memory import free_bytes_of_machine


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
