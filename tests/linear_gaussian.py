"""A likelihood under which a linear decoder is a factor analysis, whose log-likelihood is known exactly."""

import numpy as np
from keras import ops

from freyvae.model import Likelihood

VALUES = 6
SCALES = np.linspace(3.0, 6.0, VALUES)


class LinearGaussian(Likelihood):
    """x ~ N(decoder's output, SCALES^2), of grey levels."""

    name = "linear-gaussian"
    parameters_per_value = 1
    is_probability_of_bytes = False

    def __init__(self, parameters):
        super().__init__(parameters)
        (self.location,) = self.of_each_value(parameters)

    def log_prob_of_values(self, levels):
        scales = ops.convert_to_tensor(SCALES.astype("float32"))
        return -0.5 * ops.square((levels - self.location) / scales) - ops.log(scales) - 0.5 * np.log(2 * np.pi)

    def mean(self):
        return ops.reshape(self.location / 255.0, (-1, *self.image_shape))

    def sample(self, seed):
        raise NotImplementedError
