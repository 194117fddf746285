"""Which model does a recipe describe?"""

from typing import Any

import keras
import numpy as np

from freyvae.errors import BadInput
from freyvae.model import (
    LIKELIHOODS,
    VAE,
    VampPrior,
    dense_decoder,
    dense_encoder,
    flow_parameters,
    gated_convolution_decoder,
    gated_convolution_encoder,
    layers_computing_in,
    standardize_by,
    start_at_covariance,
    start_at_mean,
    with_float32_outputs,
)
from freyvae.recipe import Recipe

# of the cosine schedule, as a share of the learning rate that it begins with
SMALLEST_LEARNING_RATE = 0.02
GATED_CONVOLUTIONS = "gated-convolutions"


def build_vae(recipe: Recipe, train: np.ndarray) -> VAE:
    """The compiled model of a recipe, with fresh weights, for training images uint8 (image, height, width, channel)."""
    image_shape = train.shape[1:]
    steps_per_epoch = -(-len(train) // recipe.batch_size)
    with layers_computing_in(recipe.precision):
        encoder, decoder = (with_float32_outputs(network) for network in _networks(recipe, image_shape))
    # convolutions have no weights of a single pixel that could begin anywhere
    starts_at_mean = recipe.start_at_mean and recipe.network != GATED_CONVOLUTIONS
    if starts_at_mean:
        start_at_mean(decoder, train, LIKELIHOODS[recipe.likelihood])
    if recipe.standardize:
        standardize_by(encoder, train)
    vae = VAE(
        image_shape,
        recipe.latent_dim,
        encoder=encoder,
        decoder=decoder,
        likelihood=recipe.likelihood,
        posterior=recipe.posterior,
        flow_length=recipe.flow_length,
        prior=recipe.prior,
        prior_components=recipe.prior_components,
        importance_samples=recipe.importance_samples,
        free_bits=recipe.free_bits,
        autoregressive=recipe.autoregressive,
        beta=recipe.beta,
        warm_up_steps=recipe.warm_up_epochs * steps_per_epoch,
        noise_scale=recipe.noise_scale,
        average_distortion=recipe.average_distortion,
        shift=recipe.shift,
        seed=recipe.seed,
    )
    if vae.autoregression is not None and starts_at_mean:
        start_at_covariance(vae.autoregression, decoder, train)
    if isinstance(vae.learned_prior, VampPrior):
        vae.learned_prior.start_at(_pseudo_inputs(train, recipe.prior_components))
    vae.compile(optimizer=_optimizer(recipe, vae, steps=recipe.epochs * steps_per_epoch))
    return vae


def _networks(recipe: Recipe, image_shape: tuple[int, int, int]) -> tuple[keras.Model, keras.Model]:
    """Encoder and decoder of a recipe."""
    if recipe.network == GATED_CONVOLUTIONS:
        return _gated_convolutions(recipe, image_shape)
    try:
        encoder = dense_encoder(
            image_shape,
            recipe.latent_dim,
            hidden=recipe.hidden,
            activation=recipe.activation,
            residual=recipe.network == "residual",
            dropout=recipe.dropout,
            standardize=recipe.standardize,
            flow_parameters=flow_parameters(recipe.posterior, recipe.latent_dim, recipe.flow_length),
            seed=recipe.seed,
        )
    except BadInput:
        raise
    except ValueError as error:
        raise BadInput(f"activation {recipe.activation!r} is none that Keras knows") from error
    decoder = dense_decoder(
        recipe.latent_dim,
        image_shape,
        parameters_per_value=LIKELIHOODS[recipe.likelihood].parameters_per_value,
        all_from_code=recipe.autoregressive or not LIKELIHOODS[recipe.likelihood].has_location,
        hidden=recipe.hidden[::-1],
        activation=recipe.activation,
        residual=recipe.network == "residual",
        dropout=recipe.dropout,
        seed=recipe.seed + 1,
    )
    return encoder, decoder


def _gated_convolutions(recipe: Recipe, image_shape: tuple[int, int, int]) -> tuple[keras.Model, keras.Model]:
    if recipe.standardize:
        raise BadInput("gated convolutions take pixels as they are: give --no-standardize, or another --network")
    if recipe.dropout:
        raise BadInput("gated convolutions have no dropout: give --dropout 0, or another --network")
    encoder = gated_convolution_encoder(
        image_shape,
        recipe.latent_dim,
        flow_parameters=flow_parameters(recipe.posterior, recipe.latent_dim, recipe.flow_length),
        seed=recipe.seed,
    )
    decoder = gated_convolution_decoder(
        recipe.latent_dim,
        image_shape,
        parameters_per_value=LIKELIHOODS[recipe.likelihood].parameters_per_value,
        seed=recipe.seed + 1,
    )
    return encoder, decoder


def _pseudo_inputs(train: np.ndarray, count: int) -> np.ndarray:
    """So many of the training images, evenly spaced; no two may be the same, for they would stay so."""
    if count > len(train):
        raise BadInput(f"prior_components {count} are more than the {len(train)} training images that they start at")
    return np.asarray(train[np.linspace(0, len(train) - 1, count).round().astype(int)])


def _optimizer(recipe: Recipe, vae: VAE, *, steps: int) -> keras.optimizers.Optimizer:
    """The optimizer of a recipe, for a training of so many steps."""
    learning_rate: Any = recipe.learning_rate
    if recipe.schedule == "cosine":
        cosine = keras.optimizers.schedules.CosineDecay(learning_rate, steps, alpha=SMALLEST_LEARNING_RATE)
        learning_rate = keras.optimizers.schedules.serialize(cosine)
    choices: dict[str, Any] = {"learning_rate": learning_rate}
    if recipe.weight_decay:
        choices["weight_decay"] = recipe.weight_decay
    if recipe.gradient_clip:
        choices["global_clipnorm"] = recipe.gradient_clip
    if recipe.ema_momentum:
        choices |= {"use_ema": True, "ema_momentum": recipe.ema_momentum}
    optimizer = keras.optimizers.get({"class_name": recipe.optimizer, "config": choices})
    if recipe.weight_decay:
        # drawing biases, or what a pixel is like without a code, to 0 says nothing about how smooth a network is
        optimizer.exclude_from_weight_decay([weight for weight in vae.trainable_variables if weight.name != "kernel"])
    return optimizer
