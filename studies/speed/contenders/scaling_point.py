"""Measures one point of `scaling`: a model, trained on random images of one size.

    python -m studies.speed.contenders.scaling_point IMAGES HEIGHT WIDTH LATENTS BATCH CHANNELS RECIPE ENOUGH

RECIPE is a shipped one, or `none` for the default model. Epochs are repeated until they took ENOUGH seconds together.
Compilation is not counted.
"""

import json
import sys

from studies.speed.contenders.throughput_work import EpochClock, noise

import freyvae
from freyvae.training import build_vae

MOST_EPOCHS = 100

count, height, width, latents, batch, channels = map(int, sys.argv[1:7])
recipe, enough = sys.argv[7], float(sys.argv[8])
images = noise(count, height, width, channels)
if recipe == "none":
    vae = freyvae.VAE((height, width, channels), latents, seed=0)
    vae.compile(optimizer="adam")
else:
    vae = build_vae(freyvae.load_recipe(recipe).replace(latent_dim=latents, batch_size=batch), images)
clock = EpochClock(enough)
vae.fit(images, epochs=MOST_EPOCHS, batch_size=batch, callbacks=[clock], verbose=0)
print(json.dumps({"seconds": clock.median(), "epochs": len(clock.seconds)}))
