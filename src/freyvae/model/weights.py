"""The weights of a choice: those that a flow, or a learned prior, has beside the networks."""

from typing import Any

import keras


class Weights(keras.layers.Layer):
    """Weights by their names, `weights["means"]`, tracked and saved as a layer's, in the order in which they were made.

    Args:
        name: of the layer.
    """

    def __init__(self, name: str):
        super().__init__(name=name)
        self._by_name: dict[str, Any] = {}
        self.built = True

    @classmethod
    def called(cls, kind: str, name: str) -> "Weights":
        """A layer of a class of this name, by which Keras calls the group of its weights in a saved model."""
        layer: Weights = type(kind, (cls,), {})(name)
        return layer

    def add(self, name: str, shape: tuple[int, ...], initializer: Any) -> None:
        """Make a weight; `initializer` is Keras's, or its name."""
        self._by_name[name] = self.add_weight(shape=shape, initializer=initializer, name=name)

    def __getitem__(self, name: str) -> Any:
        return self._by_name[name]
