"""Trains a network with convolutions on JAX. WAY is freyvae's `stepped` or `scanned`, or Keras's own, `keras`.

    python -m studies.speed.contenders.convolutions_keras NETWORK WAY IMAGES BATCH ENOUGH

With `keras`, the network has only layers of Keras.
"""

import json
import sys

import keras
from studies.speed.contenders.convolution_networks import LATENTS, SHAPES, networks, noise
from studies.speed.contenders.throughput_work import EpochClock

import freyvae
from freyvae.engine import scanned, stepped
from freyvae.model import layers

network, way = sys.argv[1:3]
images, batch, enough = int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5])
if way == "keras":
    layers.Conv2DTranspose = keras.layers.Conv2DTranspose
encoder, decoder = networks(network)
vae = freyvae.VAE(SHAPES[network], LATENTS, encoder=encoder, decoder=decoder, likelihood="bernoulli", seed=0)
vae.compile(optimizer="adam")
clock = EpochClock(enough)
arguments = {"batch_size": batch, "epochs": sys.maxsize, "callbacks": [clock], "verbose": 0}
if way == "keras":
    history = keras.Model.fit(vae, noise(network, images), **arguments)
else:
    fit = {"stepped": stepped.fit, "scanned": scanned.fit}[way]
    history = fit(vae, noise(network, images), seed=0, **arguments)
weights = encoder.count_params() + decoder.count_params()
print(json.dumps({"a_second": images / clock.median(), "loss": history.history["loss"][0], "weights": weights}))
