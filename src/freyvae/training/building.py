"""Which model does a recipe describe?"""

from typing import Any

import keras
import numpy as np

from freyvae.engine.memory import bytes_of_training, free_bytes
from freyvae.model import VAE
from freyvae.recipe import Recipe
from freyvae.training.data import TrainingData
from freyvae.training.tuning import begin_with, freeze

# of the cosine schedule, as a share of the learning rate that it begins with
SMALLEST_LEARNING_RATE = 0.02
# images in a training step where a recipe leaves it to the memory, and there is enough
BATCH_SIZE = 32


def build_vae(recipe: Recipe, train: np.ndarray, *, has_begun: bool = False) -> VAE:
    """The compiled model of a recipe, for training images uint8 (image, height, width, channel).

    Its weights are fresh, or those of the run that the recipe starts from; of a training that `has_begun` they are in
    its checkpoint, and that run may be gone. Raises `BadInput` where that has others.
    """
    steps_per_epoch = -(-len(train) // recipe.training.batch_size)
    vae = VAE(
        train.shape[1:],
        recipe.latent_dim,
        network=recipe.network,
        likelihood=recipe.likelihood,
        posterior=recipe.posterior,
        prior=recipe.prior,
        objective=recipe.objective_of_steps(steps_per_epoch),
        shift=recipe.training.shift,
        flip=recipe.training.flip,
        binarize=recipe.training.binarize,
        precision=recipe.training.precision,
        seed=recipe.training.seed,
    )
    vae.start_at(train)
    if recipe.training.start_from is not None and not has_begun:
        begin_with(vae, recipe.training.start_from)
    freeze(vae, recipe.training.freeze)
    vae.compile(optimizer=_optimizer(recipe, vae, steps=recipe.training.epochs * steps_per_epoch))
    return vae


def fitting_batch_size(recipe: Recipe, data: TrainingData) -> int:
    """The most images that there are and that memory holds in a training step: `BATCH_SIZE`, or halves of it."""
    size = min(BATCH_SIZE, len(data.train))
    vae = build_vae(recipe.replace(batch_size=size), data.train)
    while size > 1 and bytes_of_training(vae, [data.train, data.validation], size).total > free_bytes():
        size //= 2
    return size


def _optimizer(recipe: Recipe, vae: VAE, *, steps: int) -> keras.optimizers.Optimizer:
    """The optimizer of a recipe, for a training of so many steps."""
    learning_rate: Any = recipe.optimizer.learning_rate
    # where a clock ends the training, `Annealing` sets it
    if recipe.optimizer.schedule == "cosine" and not recipe.training.minutes:
        cosine = keras.optimizers.schedules.CosineDecay(learning_rate, steps, alpha=SMALLEST_LEARNING_RATE)
        learning_rate = keras.optimizers.schedules.serialize(cosine)
    choices: dict[str, Any] = {"learning_rate": learning_rate}
    if recipe.optimizer.weight_decay:
        choices["weight_decay"] = recipe.optimizer.weight_decay
    if recipe.optimizer.gradient_clip:
        choices["global_clipnorm"] = recipe.optimizer.gradient_clip
    if recipe.optimizer.ema_momentum:
        choices |= {"use_ema": True, "ema_momentum": recipe.optimizer.ema_momentum}
    optimizer = keras.optimizers.get({"class_name": recipe.optimizer.kind, "config": choices})
    if recipe.optimizer.weight_decay:
        # drawing biases, or what a pixel is like without a code, to 0 says nothing about how smooth a network is
        optimizer.exclude_from_weight_decay([weight for weight in vae.trainable_variables if weight.name != "kernel"])
    return optimizer
