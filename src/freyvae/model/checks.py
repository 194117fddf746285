"""Do the choices of a model make sense, one by one and together? What does not is refused before the first step."""

from collections.abc import Iterable
from typing import Any

import keras
import numpy as np

from freyvae.arguments import in_words, is_truth_value, number, truth, whole
from freyvae.data.channels import MOST_CHANNELS
from freyvae.errors import BadInput, few_words
from freyvae.model.details import details_of


def checked_image_shape(image_shape: Any) -> tuple[int, int, int]:
    """(height, width, channel) as whole numbers. Raises `BadInput` for what is no shape of images."""
    try:
        shape = tuple(whole("image_shape", side) for side in image_shape)
    except (TypeError, BadInput):
        shape = ()
    if len(shape) != 3 or min(shape) < 1 or shape[2] > MOST_CHANNELS:
        raise BadInput(f"image_shape must be (height, width, 1 to {MOST_CHANNELS}), not {in_words(image_shape)}")
    return shape[0], shape[1], shape[2]


def checked_probability(name: str, value: Any) -> float:
    """A number from 0 to 1. Raises `BadInput`."""
    try:
        return number(name, value, at_most=1)
    except BadInput as error:
        raise BadInput(f"{name} is a probability: {error}") from None


def checked_feeding(arguments: dict[str, Any]) -> dict[str, Any]:
    """Arguments of Keras's `fit`, `evaluate` and `predict`, whole numbers as ints. Raises `BadInput`."""
    checked = dict(arguments)
    for name, least in {
        "epochs": 0,
        "initial_epoch": 0,
        "batch_size": 1,
        "validation_batch_size": 1,
        "steps_per_epoch": 1,
        "validation_steps": 1,
        "steps": 1,
    }.items():
        can_be_none = name not in ("epochs", "initial_epoch")
        if name in checked and not (can_be_none and checked[name] is None):
            checked[name] = whole(name, checked[name], at_least=least)
    if checked.get("validation_split") is not None:
        checked["validation_split"] = number("validation_split", checked["validation_split"], at_most=1)
    if "shuffle" in checked:
        checked["shuffle"] = truth("shuffle", checked["shuffle"])
    if "return_dict" in checked:
        checked["return_dict"] = truth("return_dict", checked["return_dict"])
    if checked.get("verbose") is not None:
        checked["verbose"] = _verbose(checked["verbose"])
    if "validation_freq" in checked:
        checked["validation_freq"] = _validation_freq(checked["validation_freq"])
    _check_callbacks(checked.get("callbacks"))
    return checked


def check_targets(images: Any, targets: Any) -> None:
    """Raise `BadInput` for targets that Keras cannot feed beside the images; the loss has no place for any."""
    if targets is None:
        return
    array = np.asarray(targets) if hasattr(targets, "__array__") else np.array(None)
    fits = array.dtype.kind in "buif" and isinstance(images, np.ndarray) and array.shape[:1] == images.shape[:1]
    if not fits:
        raise BadInput("y has no effect here, the images are their own targets: leave it out")


def _verbose(verbose: Any) -> Any:
    if isinstance(verbose, str) and verbose == "auto":
        return verbose
    if is_truth_value(verbose):  # as Keras takes them
        return int(verbose)
    try:
        return whole("verbose", verbose, at_least=0, at_most=2)
    except BadInput:
        raise BadInput(f"verbose must be 'auto', 0, 1 or 2, not {in_words(verbose)}") from None


def _validation_freq(epochs: Any) -> int | list[int]:
    """Every so many epochs, or a list of epochs."""
    if isinstance(epochs, (list, tuple)) and epochs:
        return [whole("validation_freq", epoch, at_least=1) for epoch in epochs]
    return whole("validation_freq", epochs, at_least=1)


def _check_callbacks(callbacks: Any) -> None:
    if callbacks is None or isinstance(callbacks, (keras.callbacks.Callback, keras.callbacks.CallbackList)):
        return
    known = isinstance(callbacks, (list, tuple))
    if not known or not all(isinstance(callback, keras.callbacks.Callback) for callback in callbacks):
        raise BadInput(f"callbacks must be a list of keras.callbacks.Callback, not {in_words(callbacks)}")


def as_networks(
    encoder: Any, decoder: Any, *, image_shape: tuple[int, int, int], latent_dim: int
) -> tuple[keras.Model, keras.Model]:
    """A person's own networks, as models that know their shapes: what is none yet is called once, on symbols.

    Raises `BadInput` for what is no model, or cannot be called so.
    """
    return (
        _as_network("encoder", encoder, keras.Input(image_shape, dtype="uint8", name="images")),
        _as_network("decoder", decoder, keras.Input((latent_dim,), name="latents")),
    )


def _as_network(name: str, network: Any, inputs: Any) -> keras.Model:
    if not isinstance(network, keras.Model):
        raise BadInput(f"the {name} must be a Keras model, not {type(network).__name__}")
    try:
        _ = network.input_shape, network.output_shape
        return network
    except AttributeError:  # a subclass of Model, or a Sequential without an Input
        pass
    try:
        return keras.Model(inputs, network(inputs), name=name)
    except Exception as error:  # whatever a person's own code raises
        shape = (None, *inputs.shape[1:])
        raise BadInput(f"the {name} cannot be called on an input of shape {shape}: {few_words(error)}") from error


def check_networks(
    encoder: keras.Model,
    decoder: keras.Model,
    *,
    image_shape: tuple[int, int, int],
    latent_dim: int,
    parameters_per_value: int,
    likelihood: str,
    flow_parameters: int,
) -> None:
    """Raise `BadInput` for networks whose shapes do not fit each other, or the likelihood and the posterior.

    The encoder goes from uint8 images (image, *image_shape) to [mean, log_variance], each (image, latent_dim), and
    where the posterior has a flow, to a third output (image, flow_parameters). The decoder goes from (image,
    latent_dim) to (image, height, width, channel * parameters_per_value).
    """
    outputs = encoder.output_shape
    expected_code = [(None, latent_dim)] * 2 + [(None, flow_parameters)] * bool(flow_parameters)
    names = "mean, log_variance" + (", flow_parameters" if flow_parameters else "")
    fits = encoder.input_shape == (None, *image_shape) and isinstance(encoder.output, (list, tuple))
    if not fits or list(outputs) != expected_code:
        given = f"a {type(encoder.output).__name__} of " if isinstance(encoder.output, dict) else ""
        raise BadInput(
            f"the encoder goes from {encoder.input_shape} to {given}{outputs}; it must go from {(None, *image_shape)} "
            f"to [{names}], {expected_code}"
        )
    expected_parameters = (None, *image_shape[:2], image_shape[2] * parameters_per_value)
    if decoder.input_shape != (None, latent_dim) or decoder.output_shape != expected_parameters:
        raise BadInput(
            f"the decoder goes from {decoder.input_shape} to {decoder.output_shape}; with the likelihood {likelihood} "
            f"it must go from {(None, latent_dim)} to {expected_parameters}"
        )
    shared = _names(encoder.weights).keys() & _names(decoder.weights).keys()
    if shared:
        names_of_shared = ", ".join(sorted(_names(encoder.weights)[number] for number in shared))
        raise BadInput(f"encoder and decoder share weights ({names_of_shared}): give each layers of its own")


def check_details(encoder: keras.Model, decoder: keras.Model) -> None:
    """Raise `BadInput` where a group of latents below the code needs features that the encoder does not have."""
    layers = {layer.name: layer for layer in encoder.layers}
    for details in details_of(decoder):
        shape = (None, *details.size, details.feature_channels)
        if details.features not in layers or layers[details.features].output.shape != shape:
            raise BadInput(
                f"the decoder's group of latents {details.name} needs a layer {details.features} of the encoder that "
                f"returns {shape}: give both networks, or none"
            )


def _names(weights: Iterable[Any]) -> dict[int, str]:
    return {id(weight): weight.path for weight in weights}
