"""How does a command import Keras without what it does not need, and whatever the user's settings for it say?"""

import gc
import os
import sys

from freyvae.errors import BadInput, few_words
from freyvae.signals import handled_by, leave

BACKENDS = ("jax", "torch", "tensorflow")
# what results depend on and Keras and we count on, whatever the environment says of JAX in general
JAX_CHOICES = {
    "jax_default_prng_impl": "threefry2x32",
    "jax_threefry_partitionable": True,
    "jax_numpy_rank_promotion": "allow",
    "jax_numpy_dtype_promotion": "standard",
    "jax_disable_jit": False,
    "jax_transfer_guard": "allow",
    "jax_legacy_prng_key": "allow",
}


def import_keras() -> None:
    """Import Keras, but not scikit-learn with it, and out of the garbage collector's sight.

    Keras imports scikit-learn for its wrappers, wherever it is installed; with it comes `scipy.stats`. Together they
    are a quarter of all that a command imports. Whoever imports scikit-learn later gets it; Keras's wrappers then say
    that it is not installed.

    What is imported stays until the process ends, and to look for garbage in it again and again is time lost.

    Raises:
        BadInput: the backend that `KERAS_BACKEND` asks for is none or is not installed, `keras.json` is no settings of
            Keras's, or JAX has no device of the kind that is asked for.
    """
    if "keras" in sys.modules:
        return
    backend = os.environ["KERAS_BACKEND"]
    if backend not in BACKENDS:
        raise BadInput(f"KERAS_BACKEND is {backend!r}: unset it, or choose one of {', '.join(BACKENDS)}")
    with handled_by(leave):
        try:
            _import_keras()
            _settle(backend)
        except ModuleNotFoundError as error:
            raise BadInput(
                f"KERAS_BACKEND is {backend}, which cannot be imported ({error}): install it, or unset the variable"
            ) from error
        except BadInput:
            raise
        except Exception as error:  # whatever Keras makes of settings that are none
            folder = os.environ.get("KERAS_HOME", "~/.keras")
            raise BadInput(
                f"Keras cannot be imported: {few_words(error)}; look at {folder}/keras.json, and at the variables of "
                "the environment that begin with KERAS_ and JAX_"
            ) from error


def _settle(backend: str) -> None:
    """Make of the settings that Keras and JAX have found those that a run's numbers are of."""
    import keras

    keras.config.set_floatx("float32")
    keras.config.set_image_data_format("channels_last")
    if backend != "jax":
        return
    import jax

    for name, value in JAX_CHOICES.items():
        jax.config.update(name, value)
    try:
        jax.devices()
    except Exception as error:  # RuntimeError or AssertionError
        wanted = os.environ.get("JAX_PLATFORMS", "")
        raise BadInput(
            f"JAX finds no device{f' for JAX_PLATFORMS={wanted}' if wanted else ''} ({few_words(error)}): "
            "unset the variable to compute on the processor, or install JAX for that device"
        ) from error


def _import_keras() -> None:
    unasked, collecting = "sklearn" not in sys.modules, gc.isenabled()
    if unasked:
        sys.modules["sklearn"] = None  # type: ignore[assignment]  # as if it were not installed
    gc.disable()
    try:
        import keras  # noqa: F401

        gc.freeze()
    finally:
        if collecting:
            gc.enable()
        if unasked:
            del sys.modules["sklearn"]
