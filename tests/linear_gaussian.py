"""A likelihood with which a linear decoder is a factor analysis, so that the log-likelihood is known exactly."""

from dataclasses import dataclass

import numpy as np
from keras import ops

from freyvae.model import Likelihood

VALUES = 6
SCALES = np.linspace(3.0, 6.0, VALUES)


@dataclass(frozen=True)
class LinearGaussian(Likelihood):
    """Grey levels x ~ N(output of the decoder, SCALES^2)."""

    name = "linear-gaussian"
    kind = "density of grey levels"
    parameters_per_value = 1

    def log_prob_of_values(self, parameters, levels):
        (location,) = self.apart(parameters)
        scales = ops.convert_to_tensor(SCALES.astype("float32"))
        return -0.5 * ops.square((levels - location) / scales) - ops.log(scales) - 0.5 * np.log(2 * np.pi)

    def mean(self, parameters):
        return parameters / 255.0

    def sample(self, parameters, seed):
        raise NotImplementedError
