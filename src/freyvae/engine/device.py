"""Which device computes?"""

import keras


def is_cpu_of_jax() -> bool:
    """Whether Keras computes with JAX, and that on a CPU."""
    if keras.backend.backend() != "jax":
        return False
    import jax

    return bool(jax.default_backend() == "cpu")
