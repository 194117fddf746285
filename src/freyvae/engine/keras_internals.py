"""What we touch of Keras that Keras does not promise: all of it is here."""

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import keras

from freyvae.errors import BadInput


def check_settings() -> None:
    """Refuse settings of Keras and JAX under which a model's numbers would be others, or none.

    Commands see to them by themselves (`freyvae.keras_import`); a person's own program has its own.

    Raises:
        BadInput: Keras computes in another type than float32, or JAX draws by other keys than Keras makes.
    """
    if keras.config.floatx() != "float32":
        raise BadInput(
            f"Keras computes in {keras.config.floatx()} here, and likelihoods need float32: "
            "keras.config.set_floatx('float32'), or mend ~/.keras/keras.json"
        )
    if keras.backend.backend() == "jax":
        import jax

        if jax.config.jax_default_prng_impl != "threefry2x32":
            raise BadInput(
                f"JAX draws by {jax.config.jax_default_prng_impl} here, for which Keras makes no keys: "
                "jax.config.update('jax_default_prng_impl', 'threefry2x32'), or unset JAX_DEFAULT_PRNG_IMPL"
            )


@contextmanager
def keeping_state(model: keras.Model) -> Iterator[None]:
    """Leave a model as usable as it was where what Keras does in the block fails, or is interrupted.

    On JAX Keras takes the values out of the variables while it works, and puts them back at the end only.
    """
    held = [(variable, getattr(variable, "_value", None)) for variable in _all_variables(model)]
    try:
        yield
    except BaseException:
        if keras.backend.backend() == "jax":
            model.jax_state_sync()  # the state after the last step that was done
            model._jax_state = None
            for variable, value in held:
                if variable._value is None and value is not None:  # not even one was
                    variable._value = value
        raise


def _all_variables(model: keras.Model) -> list[Any]:
    optimizer = getattr(model, "optimizer", None)
    return [*model.variables, *model.metrics_variables, *(optimizer.variables if optimizer is not None else [])]


def averages_of_weights(optimizer: Any) -> list[Any]:
    """The optimizer's moving average of each trained variable, or None in its place."""
    averages: list[Any] = optimizer._model_variables_moving_average
    return averages


def steps_variable(optimizer: Any) -> Any:
    """The variable that counts the steps of an optimizer: with accumulated gradients, every batch is one."""
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    return inner._iterations


def trained_by(optimizer: Any) -> list[Any] | None:
    """The variables that an optimizer was built for; None while it is not built."""
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    return list(inner._trainable_variables) if inner.built else None


def all_layers(model: keras.Model) -> Iterator[keras.layers.Layer]:
    """Every layer in a model, those within its layers and models too, in no order that is promised."""
    found: Iterator[keras.layers.Layer] = model._flatten_layers(include_self=False, recursive=True)
    return found


def largest_output(model: keras.Model) -> int:
    """The number of values of one image in the largest output of a layer within a model's networks; 1 without any.

    A layer that is in no network may say as `largest_output` how many its own largest tensor has.
    """
    layers = list(all_layers(model))
    own = (getattr(layer, "largest_output", 1) for layer in layers)
    return max(*own, *_sizes_of_outputs(layers), 1, 1)


def values_of_layers(network: keras.Model) -> int:
    """The number of values of one image in the outputs of all layers of a network that compute any."""
    # what only gives values another shape needs no memory of its own
    shaping = (keras.layers.InputLayer, keras.layers.Reshape, keras.layers.Flatten)
    return sum(_sizes_of_outputs(layer for layer in all_layers(network) if not isinstance(layer, shaping)))


def _sizes_of_outputs(layers: Iterable[keras.layers.Layer]) -> list[int]:
    """How many values of one image each tensor has that layers put out within networks, where that is known."""
    tensors = {id(one): one for layer in layers for node in layer._inbound_nodes for one in node.output_tensors}
    return [math.prod(one.shape[1:]) for one in tensors.values() if None not in one.shape[1:]]


def states_of_noise(model: keras.Model) -> list[Any]:
    """The states of all generators of random numbers in a model, which Keras does not save with its weights."""
    weights = {id(weight) for weight in model.weights}
    return [variable for variable in model.non_trainable_variables if id(variable) not in weights]


def epoch_to_begin_with(model: keras.Model, epoch: int) -> int:
    """The epoch to begin with: `BackupAndRestore` says another one where it brought a training back."""
    return model._initial_epoch or epoch


def forget_epoch_to_begin_with(model: keras.Model) -> None:
    """Have the next training begin where it is told to: Keras never takes back what a callback said."""
    model._initial_epoch = None


def should_evaluate(model: keras.Model, epoch: int, validation_freq: Any) -> bool:
    """Whether an epoch, counted from 0, is one that ends with a validation."""
    return bool(model._should_eval(epoch, validation_freq))


def gradients_of_step(model: keras.Model, state: Any, images: Any) -> tuple[Any, Any, Any]:
    """The first half of Keras's training step on JAX, which `apply_gradients` and `add_to_metrics` complete.

    Args:
        model: compiled; all of its metrics are means.
        state: values of its trainable, non-trainable, optimizer's and metrics' variables.
        images: of the step.

    Returns:
        gradients of the trainable variables; what these images add to the metrics' variables; the values of the
        non-trainable ones after the step.
    """
    import jax
    import jax.numpy as jnp

    trainable, non_trainable, optimizer, metrics = state
    gradients_of = jax.value_and_grad(model.compute_loss_and_updates, has_aux=True)
    (_, (loss, outputs, non_trainable, _)), gradients = gradients_of(
        trainable, non_trainable, metrics, images, None, None, training=True, optimizer_variables=optimizer
    )
    none_yet = [jnp.zeros_like(values) for values in metrics]
    _, added = model._update_metrics_variables(none_yet, loss, images, None, outputs, None)
    return gradients, added, non_trainable


def apply_gradients(model: keras.Model, state: Any, gradients: Any) -> tuple[Any, Any]:
    """The values of the trainable and of the optimizer's variables after a step with these gradients."""
    trainable, _, optimizer, _ = state
    trainable, optimizer = model.optimizer.stateless_apply(optimizer, gradients, trainable)
    return trainable, optimizer


def add_to_metrics(metrics: Any, added: Any) -> list[Any]:
    """The values of the metrics' variables, totals and counts, with those that a batch adds."""
    return [before + more for before, more in zip(metrics, added, strict=True)]
