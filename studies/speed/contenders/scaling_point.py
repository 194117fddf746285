"""Measures one point of `scaling`: the default model, trained on random images of one size.

    python -m studies.speed.contenders.scaling_point IMAGES HEIGHT WIDTH LATENTS BATCH ENOUGH

Epochs are repeated until they took ENOUGH seconds together. Compilation is not counted.
"""

import json
import sys

from studies.speed.contenders.throughput_work import EpochClock, noise

import freyvae

MOST_EPOCHS = 100

images, height, width, latents, batch = map(int, sys.argv[1:6])
clock = EpochClock(enough=float(sys.argv[6]))
vae = freyvae.VAE((height, width, 1), latents, seed=0)
vae.compile(optimizer="adam")
vae.fit(noise(images, height, width, 1), epochs=MOST_EPOCHS, batch_size=batch, callbacks=[clock], verbose=0)
print(json.dumps({"seconds": clock.median(), "epochs": len(clock.seconds)}))
