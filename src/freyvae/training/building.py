"""Which model does a recipe describe?"""

import keras
import numpy as np

from freyvae.errors import BadInput
from freyvae.model import LIKELIHOODS, VAE, dense_decoder, dense_encoder, start_at_mean
from freyvae.recipe import Recipe


def build_vae(recipe: Recipe, train: np.ndarray) -> VAE:
    """The compiled model of a recipe, with fresh weights, for training images uint8 (image, height, width, channel)."""
    image_shape = train.shape[1:]
    try:
        encoder = dense_encoder(
            image_shape, recipe.latent_dim, hidden=recipe.hidden, activation=recipe.activation, seed=recipe.seed
        )
    except ValueError as error:
        raise BadInput(f"activation {recipe.activation!r} is none that Keras knows") from error
    decoder = dense_decoder(
        recipe.latent_dim,
        image_shape,
        parameters_per_value=LIKELIHOODS[recipe.likelihood].parameters_per_value,
        hidden=recipe.hidden[::-1],
        activation=recipe.activation,
        seed=recipe.seed + 1,
    )
    if recipe.start_at_mean:
        start_at_mean(decoder, train)
    vae = VAE(
        image_shape,
        recipe.latent_dim,
        encoder=encoder,
        decoder=decoder,
        likelihood=recipe.likelihood,
        beta=recipe.beta,
        warm_up_steps=recipe.warm_up_epochs * -(-len(train) // recipe.batch_size),
        noise_scale=recipe.noise_scale,
        average_distortion=recipe.average_distortion,
        seed=recipe.seed,
    )
    optimizer = keras.optimizers.get(
        {"class_name": recipe.optimizer, "config": {"learning_rate": recipe.learning_rate}}
    )
    vae.compile(optimizer=optimizer)
    return vae
