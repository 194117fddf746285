"""Which weights does a training begin with, and which of them rest?"""

import fnmatch
from collections.abc import Sequence
from typing import Any

from freyvae.engine.keras_internals import all_layers
from freyvae.errors import BadInput
from freyvae.model import VAE
from freyvae.run import Run


def begin_with(vae: VAE, folder: str) -> None:
    """Give a model the weights of a finished run's: those of its networks, prior and posterior.

    Raises:
        BadInput: there is no such run, or its model has other layers or other shapes.
    """
    run = Run.open(folder)
    earlier = run.load_model()
    ours, theirs = _weights(vae), _weights(earlier)
    described, expected = _described(ours), _described(theirs)
    if described != expected:
        lines = [line for line in expected if line not in described] or ["fewer weights"]
        raise BadInput(
            f"the model of {run.folder} is another than this recipe's: it has {lines[0]}. Leave the recipe out, which "
            "is then that run's, and give images of its size: image_size="
            f'"{earlier.image_shape[0]}x{earlier.image_shape[1]}"'
        )
    for weight, value in zip(ours, theirs, strict=True):
        weight.assign(value)


def freeze(vae: VAE, names: Sequence[str]) -> None:
    """Let the weights of layers rest. The model must be compiled afterwards.

    Args:
        vae: the model.
        names: `encoder`, `decoder`, or names of their layers, in which `*` stands for any text.

    Raises:
        BadInput: there is no such layer, or no weight is left to train.
    """
    layers = [layer for network in (vae.encoder, vae.decoder) for layer in all_layers(network) if layer.weights]
    for name in names:
        networks = {"encoder": vae.encoder, "decoder": vae.decoder}
        found = [networks[name]] if name in networks else [layer for layer in layers if _is_called(layer, name)]
        if not found:
            known = ", ".join(dict.fromkeys(layer.name for layer in layers))
            raise BadInput(f"freeze names encoder, decoder or layers of theirs, {known}; there is no {name!r}")
        for layer in found:
            layer.trainable = False
    if not vae.trainable_variables:
        raise BadInput("freeze leaves no weight to train: name fewer layers")


def _is_called(layer: Any, name: str) -> bool:
    return fnmatch.fnmatchcase(layer.name, name)


def _weights(vae: VAE) -> list[Any]:
    """The weights of a model's parts, without what counts its own training."""
    own = {id(weight) for weight in (vae.steps, vae._beta)}
    return [weight for weight in vae.weights if id(weight) not in own]


def _described(weights: Sequence[Any]) -> list[str]:
    return [f"{weight.path} of shape {tuple(weight.shape)}" for weight in weights]
