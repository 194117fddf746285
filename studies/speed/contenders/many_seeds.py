"""Several seeds of the post's training, at once or one after the other, with compilation."""

import json
import sys
import time

from studies.speed.workload import BATCH, EPOCHS, LATENTS, NOISE, load

import freyvae

path, way, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
train, held_out = (pixels.reshape(-1, 28, 20, 1) for pixels in load(path))
arguments = {"validation_data": held_out, "epochs": EPOCHS, "batch_size": BATCH}


def build(seed: int) -> freyvae.VAE:
    vae = freyvae.VAE(
        (28, 20, 1), LATENTS, likelihood="bernoulli", noise_scale=NOISE, average_distortion=True, seed=seed
    )
    vae.compile(optimizer="adam")
    return vae


began = time.perf_counter()
if way == "at-once":
    val_losses = freyvae.fit_many([build(seed) for seed in range(count)], train, **arguments)["val_loss"][
        :, -1
    ].tolist()
else:
    val_losses = [build(seed).fit(train, verbose=0, **arguments).history["val_loss"][-1] for seed in range(count)]
print(json.dumps({"seconds": time.perf_counter() - began, "val_losses": val_losses}))
