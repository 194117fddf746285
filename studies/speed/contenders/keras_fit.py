"""The same VAE as a user would write it in Keras 3, trained by `keras.Model.fit`, on the backend of KERAS_BACKEND."""

import sys

import keras
from keras import layers
from studies.speed.contenders.sampling import Sampling
from studies.speed.workload import BATCH, EPOCHS, HIDDEN, LATENTS, PIXELS, load, report

keras.utils.set_random_seed(int(sys.argv[2]))

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
