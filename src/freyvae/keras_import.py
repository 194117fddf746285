"""How does a command import Keras without what it does not need?"""

import gc
import sys


def import_keras() -> None:
    """Import Keras, but not scikit-learn with it, and out of the garbage collector's sight.

    Keras imports scikit-learn for its wrappers, wherever it is installed; with it comes `scipy.stats`. Together they
    are a quarter of all that a command imports. Whoever imports scikit-learn later gets it; Keras's wrappers then say
    that it is not installed.

    What is imported stays until the process ends: collecting garbage among it, again and again, finds none.
    """
    unasked = "sklearn" not in sys.modules
    if unasked:
        sys.modules["sklearn"] = None  # type: ignore[assignment]  # as if it were not installed
    gc.disable()
    try:
        import keras  # noqa: F401
    finally:
        gc.freeze()
        gc.enable()
        if unasked:
            del sys.modules["sklearn"]
