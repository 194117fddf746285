"""What a step costs at least on this device: its operations and its bytes, at the rates that the device reaches.

    python -m studies.speed.contenders.roofline BATCH

Operations are those of XLA's program of a step, before it is optimized. Bytes are the fewest: every weight is read for
the step and for its update, its two moments are read and written, it is written; and what the layers keep for the
gradients is written and read once. The rates are of a product of matrices of 8192 x 8192, and of an addition of 1 to
2^29 numbers.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from studies.speed.workload import BATCH, LATENTS, NOISE

import freyvae
from freyvae.engine.training import state_of
from freyvae.training import build_vae

SIDE, LONG, REPEATS = 8192, 2**29, 10
BYTES = {"float32": 4, "bfloat16": 2}
# reads and writes of each weight in a step of Adam: for the loss, for the update, of two moments twice each, written
TIMES_A_WEIGHT = 7


def seconds_of(function: Callable[..., Any], *arguments: Any) -> float:
    program = jax.jit(function)
    times = []
    for _ in range(REPEATS + 1):
        began = time.perf_counter()
        jax.block_until_ready(program(*arguments))
        times.append(time.perf_counter() - began)
    return statistics.median(times[1:])


def operations_a_second(precision: str) -> float:
    matrix = jax.random.normal(jax.random.key(0), (SIDE, SIDE), precision)
    return 2 * SIDE**3 / seconds_of(lambda a, b: a @ b, matrix, matrix)


def bytes_a_second() -> float:
    return 2 * 4 * LONG / seconds_of(lambda values: values + 1, jax.numpy.ones((LONG,), "float32"))


def cost(vae: freyvae.VAE, batch: int, precision: str) -> dict[str, float]:
    """Operations and bytes of a training step."""
    vae.optimizer.build(vae.trainable_variables)
    images = np.zeros((batch, *vae.image_shape), np.uint8)
    lowered = jax.jit(lambda state, images: vae.train_step(state, (images,))).lower(state_of(vae), images)
    weights = sum(variable.value.size for variable in vae.trainable_variables)
    kept = batch * vae.values_of_image
    moved = 4 * TIMES_A_WEIGHT * weights + 2 * BYTES[precision] * kept + images.nbytes
    return {"operations": lowered.cost_analysis()["flops"], "bytes": moved}


def post() -> freyvae.VAE:
    vae = freyvae.VAE((28, 20, 1), LATENTS, likelihood="bernoulli", noise_scale=NOISE, average_distortion=True, seed=0)
    vae.compile(optimizer="adam")
    return vae


def recipe(batch: int, precision: str) -> freyvae.VAE:
    images = np.zeros((2 * batch, 64, 64, 3), np.uint8)
    return build_vae(freyvae.load_recipe("images").replace(batch_size=batch, precision=precision), images)


batch = int(sys.argv[1])
print(
    json.dumps(
        {
            "rates": {"bytes": bytes_a_second(), **{name: operations_a_second(name) for name in BYTES}},
            "steps": {
                "post": {"batch": BATCH, "precision": "float32", **cost(post(), BATCH, "float32")},
                **{
                    f"`images`, {name}": {
                        "batch": batch,
                        "precision": name,
                        **cost(recipe(batch, name), batch, name),
                    }
                    for name in BYTES
                },
            },
        }
    )
)
