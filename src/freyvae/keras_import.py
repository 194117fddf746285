"""How does a command import Keras without what it does not need?"""

import sys


def import_keras() -> None:
    """Import Keras, but not scikit-learn with it.

    Keras does that for its scikit-learn wrappers, wherever it is installed; with it comes `scipy.stats`. Together they
    are a quarter of all that a command imports. Whoever imports scikit-learn later gets it; Keras's wrappers then say
    that it is not installed.
    """
    unasked = "sklearn" not in sys.modules
    if unasked:
        sys.modules["sklearn"] = None  # type: ignore[assignment]  # as if it were not installed
    try:
        import keras  # noqa: F401
    finally:
        if unasked:
            del sys.modules["sklearn"]
