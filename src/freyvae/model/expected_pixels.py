"""The last layer of a generator: what a likelihood expects of its raw parameters."""

from typing import Any

import keras
from keras import layers

from freyvae.model.likelihoods import LIKELIHOODS

Tensor = Any


@keras.saving.register_keras_serializable("freyvae")
class ExpectedPixels(layers.Layer):
    """A likelihood's raw parameters -> expected pixels in [0, 1], so that a generator is a model of its own."""

    def __init__(self, likelihood: Any, **kwargs: Any):
        super().__init__(**kwargs)
        self.likelihood = LIKELIHOODS.read(likelihood)

    def call(self, parameters: Tensor) -> Tensor:
        """The likelihood's mean."""
        return self.likelihood.mean(parameters)

    def get_config(self) -> dict[str, Any]:
        """The likelihood."""
        return {**super().get_config(), "likelihood": LIKELIHOODS.saved(self.likelihood)}
