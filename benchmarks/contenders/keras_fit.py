"""The same VAE as a reader would write it in Keras 3, trained by `keras.Model.fit`, on the backend of KERAS_BACKEND."""

import sys

import keras
from benchmarks.workload import BATCH, EPOCHS, HIDDEN, LATENTS, NOISE, PIXELS, load, report
from keras import layers, ops

keras.utils.set_random_seed(int(sys.argv[2]))


class Sampling(layers.Layer):
    """z = mean + deviation * noise, and the KL as the layer's loss."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.noise = keras.random.SeedGenerator(1)

    def call(self, inputs):
        mean, log_variance = inputs
        kl = -0.5 * ops.sum(1.0 + log_variance - ops.square(mean) - ops.exp(log_variance), axis=-1)
        self.add_loss(ops.mean(kl))
        return mean + ops.exp(0.5 * log_variance) * NOISE * keras.random.normal(ops.shape(mean), seed=self.noise)


images = keras.Input((PIXELS,))
hidden = layers.Dense(HIDDEN, activation="relu")(images)
latents = Sampling()([layers.Dense(LATENTS)(hidden), layers.Dense(LATENTS)(hidden)])
decoded = layers.Dense(PIXELS, activation="sigmoid")(layers.Dense(HIDDEN, activation="relu")(latents))
vae = keras.Model(images, decoded)
vae.compile(optimizer="adam", loss="binary_crossentropy")

train, held_out = (pixels.astype("float32") / 255.0 for pixels in load(sys.argv[1]))
history: dict[str, list[float]] = {}


def fit(initial_epoch: int, epochs: int) -> None:
    history.update(
        vae.fit(
            train,
            train,
            validation_data=(held_out, held_out),
            initial_epoch=initial_epoch,
            epochs=epochs,
            batch_size=BATCH,
            verbose=0,
        ).history
    )


report(lambda: fit(0, 1), lambda: fit(1, EPOCHS), lambda: (history["loss"][-1], history["val_loss"][-1]))
