"""In which numbers do the networks compute?

In bfloat16 their layers multiply numbers of 8 significant bits. The weights stay float32, and so do all layers that
codes go out of or into, which are small, and all that is made of the networks' outputs: draws, likelihoods, rates.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import keras
from keras import layers

from freyvae.errors import BadInput

POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}


@contextmanager
def layers_computing_in(precision: str) -> Iterator[None]:
    """Layers that are made meanwhile compute in `float32` or `bfloat16`; their weights are float32 either way.

    Raises:
        BadInput: another precision.
    """
    if precision not in POLICIES:
        raise BadInput(f"unknown precision {precision!r}: choose one of {', '.join(POLICIES)}")
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(POLICIES[precision])
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def with_float32_outputs(network: keras.Model) -> keras.Model:
    """The same network, its layers and weights, with outputs in float32: itself where they are so already."""
    if all(output.dtype == "float32" for output in network.outputs):
        return network
    outputs = [
        layers.Activation("linear", dtype="float32", name=f"{name}_float32")(output)
        for name, output in zip(network.output_names, network.outputs, strict=True)
    ]
    return keras.Model(network.inputs[0], outputs if len(outputs) > 1 else outputs[0], name=network.name)
