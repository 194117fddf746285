"""Trains the model of the recipe `images` on random images of 64 x 64 in colour, on JAX.

    python -m studies.speed.contenders.recipe_training WAY PRECISION IMAGES BATCH ENOUGH

WAY is freyvae's own `fit`, `freyvae`, or Keras's, `keras`.
"""

import json
import sys

import keras
from studies.speed.contenders.throughput_work import EpochClock, noise

import freyvae
from freyvae.training import build_vae

way, precision = sys.argv[1:3]
count, batch, enough = int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5])
images = noise(count, 64, 64, 3)
vae = build_vae(freyvae.load_recipe("images").replace(batch_size=batch, precision=precision), images)
clock = EpochClock(enough)
arguments = {"batch_size": batch, "epochs": sys.maxsize, "callbacks": [clock], "verbose": 0}
history = vae.fit(images, **arguments) if way == "freyvae" else keras.Model.fit(vae, images, **arguments)
print(
    json.dumps({"a_second": count / clock.median(), "loss": history.history["loss"][0], "weights": vae.count_params()})
)
