"""Which device computes, and on how many cores?"""

import os

import keras


def is_cpu_of_jax() -> bool:
    """Whether Keras computes with JAX, and that on a CPU."""
    if keras.backend.backend() != "jax":
        return False
    import jax

    return bool(jax.default_backend() == "cpu")


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
