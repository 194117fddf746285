"""How does a command import Keras without what it does not need?"""

import gc
import sys


def import_keras() -> None:
    """Import Keras, but not scikit-learn with it, and out of the garbage collector's sight.

    Keras imports scikit-learn for its wrappers, wherever it is installed; with it comes `scipy.stats`. Together they
    are a quarter of all that a command imports. Whoever imports scikit-learn later gets it; Keras's wrappers then say
    that it is not installed.

    What is imported stays until the process ends, and to look for garbage in it again and again is time lost.
    """
    if "keras" in sys.modules:
        return
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
