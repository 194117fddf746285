"""On several devices and in several processes the weights are those of one, but for the order of sums."""

import json
import os
import subprocess
import sys

import keras
import pytest

pytestmark = pytest.mark.skipif(keras.backend.backend() != "jax", reason="devices are JAX's")

# a training on noise; prints what it comes to
PROGRAM = """
import json, os, sys
from freyvae.engine import processes, stream
port, process, of = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
if of > 1:
    processes.join(f"localhost:{port}", process, of, seconds=60)
import jax, keras, numpy as np
from freyvae.data.pixels import Given
from freyvae.model import VAE
images = np.random.default_rng(0).integers(0, 256, (57, 5, 4, 1), dtype="uint8")
stream.BLOCK_BYTES = 2 * 12 * images[0].nbytes
vae = VAE((5, 4, 1), 2, hidden=(6,), likelihood="discretized-logistic", seed=0, flip=0.5)
vae.compile(optimizer=keras.optimizers.Adam(use_ema=True))
swap = keras.callbacks.SwapEMAWeights()
history = vae.fit(images, validation_data=images[:23], epochs=2, batch_size=12, verbose=0, callbacks=[swap]).history
weights = [float(np.abs(np.array(weight.value, float)).sum()) for weight in vae.weights]
print(json.dumps({"devices": jax.device_count(), "weights": weights, "history": history}))
processes.leave()
"""


def trained(port, count, devices=1):
    """What a training of so many processes comes to, each with so many devices: one answer a process."""
    environment = os.environ | {
        "XLA_FLAGS": f"--xla_force_host_platform_device_count={devices}",
        "KERAS_BACKEND": "jax",
        "JAX_PLATFORMS": "cpu",
    }
    started = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(port), str(process), str(count)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for process in range(count)
    ]
    answers = []
    for process in started:
        out, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
        answers.append(json.loads(out.splitlines()[-1]))
    return answers


@pytest.fixture(scope="module")
def alone():
    (answer,) = trained(0, 1)
    return answer


@pytest.mark.parametrize(
    ("processes", "devices"),
    [(1, 2), (2, 1), pytest.param(2, 2, marks=pytest.mark.distributed)],
)
def test_the_weights_are_those_of_one_device(alone, free_port, processes, devices):
    for answer in trained(free_port, processes, devices):
        assert answer["devices"] == processes * devices
        assert answer["weights"] == pytest.approx(alone["weights"], rel=1e-4)
        for name, column in alone["history"].items():
            assert answer["history"][name] == pytest.approx(column, rel=1e-4), name
