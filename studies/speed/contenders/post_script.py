"""The 2016 post as a user would write it today: one script with Keras and matplotlib, from the faces to every picture.

    python -m studies.speed.contenders.post_script IMAGES FOLDER

The pictures are those of `freyvae train`, drawn with matplotlib and Keras. The post has no report and no explorer. The
script uses nothing of freyvae.
"""

import json
import sys
from pathlib import Path

import keras
import matplotlib as mpl
import numpy as np
from keras import layers
from studies.speed.contenders.sampling import Sampling
from studies.speed.workload import BATCH, EPOCHS, HELD_OUT, HIDDEN, LATENTS, PIXELS, TRAIN

mpl.use("Agg")
import matplotlib.pyplot as plt

HEIGHT, WIDTH = 28, 20
folder = Path(sys.argv[2])
keras.utils.set_random_seed(0)


def mosaic(images, columns):
    """Images side by side in one array. It is drawn at once; a subplot for each image would take minutes."""
    images = np.asarray(images).reshape(-1, HEIGHT, WIDTH)
    rows = len(images) // columns
    tiles = images[: rows * columns].reshape(rows, columns, HEIGHT, WIDTH)
    return tiles.transpose(0, 2, 1, 3).reshape(rows * HEIGHT, columns * WIDTH)


def save(name):
    plt.title(name)
    plt.savefig(folder / f"{name}.png", dpi=200, bbox_inches="tight")
    plt.close()


def show(name, page, extent=None, colours="gray"):
    plt.figure(figsize=(8, 8 * page.shape[0] / page.shape[1]))
    plt.imshow(page, cmap=colours, extent=extent, aspect="auto" if extent else None)
    if extent is None:
        plt.axis("off")
    save(name)


faces = np.load(sys.argv[1]).astype("float32") / 255.0
train, held_out = faces[:TRAIN], faces[TRAIN : TRAIN + HELD_OUT]
show("examples", mosaic(train[:200], 20))

images = keras.Input((PIXELS,))
hidden = layers.Dense(HIDDEN, activation="relu", name="first")(images)
mean = layers.Dense(LATENTS)(hidden)
codes = Sampling()([mean, layers.Dense(LATENTS)(hidden)])
generator = keras.Sequential(
    [keras.Input((LATENTS,)), layers.Dense(HIDDEN, activation="relu"), layers.Dense(PIXELS, activation="sigmoid")]
)
vae = keras.Model(images, generator(codes))
encoder = keras.Model(images, mean)
vae.compile(optimizer="adam", loss="binary_crossentropy")
try:
    keras.utils.plot_model(vae, folder / "network.png", show_shapes=True, expand_nested=True)
except ImportError as reason:  # no pydot, or no Graphviz
    print(f"network.png is left out: {reason}", file=sys.stderr)

fitted = vae.fit(train, train, validation_data=(held_out, held_out), epochs=EPOCHS, batch_size=BATCH, verbose=0)
vae.save_weights(folder / "vae.weights.h5")

plt.figure(figsize=(6, 4))
plt.plot(fitted.history["loss"], label="training")
plt.plot(fitted.history["val_loss"], label="validation")
plt.xlabel("epoch")
plt.ylabel("loss")
plt.legend()
save("convergence")

plt.figure(figsize=(6, 6))
found = encoder.predict(faces, batch_size=BATCH, verbose=0)
for part, rows in (("training", slice(0, TRAIN)), ("held out", slice(TRAIN, None))):
    plt.scatter(*found[rows].T, s=4, label=part)
plt.xlabel("humour")
plt.ylabel("pose")
plt.legend()
save("codes")

chosen = held_out[np.linspace(0, len(held_out) - 1, 10).astype(int)]
rebuilt = generator.predict(encoder.predict(chosen, verbose=0), verbose=0)
show("reconstructions", mosaic(np.concatenate([chosen, rebuilt, 0.5 + 0.5 * (rebuilt - chosen)]), 10))

normal = np.random.default_rng(0).normal(size=(10_000, LATENTS)).astype("float32")
shares = np.linspace(0.025, 0.975, 20)
for name, values in (
    ("manifold", np.quantile(normal, shares, axis=0)),
    ("manifold_range", np.linspace(*np.quantile(found, [0.01, 0.99], axis=0), 20)),
):
    across, up = np.meshgrid(values[:, 0], values[::-1, 1])
    decoded = generator.predict(np.stack([across.ravel(), up.ravel()], axis=1), verbose=0)
    show(name, mosaic(decoded, 20), (values[0, 0], values[-1, 0], values[0, 1], values[-1, 1]))

show("samples", mosaic(generator.predict(normal[:100], verbose=0), 20))
show("weights", mosaic(keras.ops.convert_to_numpy(vae.get_layer("first").kernel).T, 16), colours="RdBu_r")
print(json.dumps({"val_loss": fitted.history["val_loss"][-1]}))
