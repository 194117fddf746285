"""The limit: only the matrix products of a training step, at the best rate of this machine.

A step has five products of 100 x 560 x 256: two each for the outputs and the gradients of the weights of encoder and
decoder, and one for the gradient that goes back through the decoder. The products with the two latents are 1 % of that.
The rate is that of the fastest library.
"""

import sys
import time

import jax
import numpy as np
from studies.speed.workload import BATCH, EPOCHS, HIDDEN, PIXELS, TRAIN

PRODUCTS = [(BATCH, PIXELS, HIDDEN), (PIXELS, BATCH, HIDDEN), (BATCH, HIDDEN, PIXELS), (HIDDEN, BATCH, PIXELS)]
PRODUCTS.append((BATCH, PIXELS, HIDDEN))


def seconds_a_step(multiply, to_device) -> float:
    random = np.random.default_rng(0)
    pairs = [
        (
            to_device(random.normal(size=(m, k)).astype("float32")),
            to_device(random.normal(size=(k, n)).astype("float32")),
        )
        for m, k, n in PRODUCTS
    ]
    times = []
    for _ in range(300):
        began = time.perf_counter()
        results = [multiply(one, other) for one, other in pairs]
        jax.block_until_ready(results)
        times.append(time.perf_counter() - began)
    return float(np.median(times[50:]))


libraries = {"numpy": (np.matmul, np.asarray), "jax": (jax.jit(jax.numpy.matmul), jax.device_put)}
step = min(seconds_a_step(*library) for library in libraries.values())
seconds = step * EPOCHS * (TRAIN // BATCH)
print(f'{{"seconds": {seconds}, "compile_seconds": 0.0, "loss": null, "val_loss": null}}', file=sys.stdout)
