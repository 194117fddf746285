"""Keras and NumPy, imported when something of them is first used.

The choices of a model are listed in a command's help, which must not wait for Keras.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras
    import numpy as np
    from keras import layers, ops
else:

    class _Late:
        """Stands for a module until something of it is asked for."""

        def __init__(self, name: str):
            self._name = name

        def __getattr__(self, attribute: str) -> Any:
            return getattr(importlib.import_module(self._name), attribute)

    keras, layers, np, ops = map(_Late, ("keras", "keras.layers", "numpy", "keras.ops"))

__all__ = ["keras", "layers", "np", "ops"]
