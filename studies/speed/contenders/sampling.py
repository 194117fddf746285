"""The sampling layer of a user's own VAE in Keras: it draws the codes."""

import keras
from keras import layers, ops
from studies.speed.workload import NOISE


class Sampling(layers.Layer):
    """Returns z = mean + deviation * noise, and adds the KL as a loss."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.noise = keras.random.SeedGenerator(1)

    def call(self, inputs):
        mean, log_variance = inputs
        kl = -0.5 * ops.sum(1.0 + log_variance - ops.square(mean) - ops.exp(log_variance), axis=-1)
        self.add_loss(ops.mean(kl))
        return mean + ops.exp(0.5 * log_variance) * NOISE * keras.random.normal(ops.shape(mean), seed=self.noise)
