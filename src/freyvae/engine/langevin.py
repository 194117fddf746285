"""Codes drawn from a density that is known up to a factor, by its gradient, while the model's weights rest."""

import math
from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from freyvae.engine.descent import gradients_of
from freyvae.errors import BadInput

# late: with Keras our classes are imported, and they need this module whole
from freyvae.late import keras

# the share of proposals to accept (Roberts & Rosenthal 1998), and how fast a step's length is learned
ACCEPTED, LEARNING = 0.574, 0.1
FIRST_LENGTH = 0.5


class Langevin:
    """The Metropolis-adjusted Langevin algorithm on codes (Roberts & Tweedie 1996), a chain for each.

    A proposal is z + (a s)^2 / 2 grad log p(z) + a s n, n ~ N(0, I), with s the scale of each latent and a the chain's
    step, which is learned in the first half of the steps and then rests. On JAX.

    Args:
        model: whose networks the density uses; all its variables are there.
        energy: -log p up to a constant, (codes (chain, latent), tensors (chain, ...)) -> (chain,).

    Raises:
        BadInput: Keras has another backend.
    """

    def __init__(self, model: "keras.Model", energy: Callable[..., Any]):
        if keras.backend.backend() != "jax":
            raise BadInput("codes are drawn by their gradient with Keras's backend jax: set KERAS_BACKEND=jax")
        self._variables, self._gradients = list(model.variables), gradients_of(model, energy)

    def __call__(
        self, codes: np.ndarray, scales: np.ndarray, *arrays: np.ndarray, steps: int, seed: int
    ) -> tuple[np.ndarray, float]:
        """The codes after so many steps, float32 (chain, latent), and the share of proposals accepted at the end.

        Args:
            codes: where the chains begin, (chain, latent).
            scales: about how far each latent varies, (chain, latent).
            arrays: what the energy takes besides.
            steps: of each chain.
            seed: of the proposals.
        """
        import jax

        values, key = [variable.value for variable in self._variables], jax.random.key(seed)
        state = (codes, *self._begin(values, codes, *arrays), np.full(len(codes), math.log(FIRST_LENGTH), "float32"))
        accepted = []
        for number in range(steps):
            learning = np.float32(LEARNING if number < steps // 2 else 0.0)
            state, is_accepted = self._step(values, state, jax.random.fold_in(key, number), learning, scales, *arrays)
            accepted.append(is_accepted)
        return np.asarray(state[0]), float(np.mean([np.mean(each) for each in accepted[steps // 2 :]]))

    @cached_property
    def _begin(self) -> Any:
        import jax

        return jax.jit(self._gradients)

    @cached_property
    def _step(self) -> Any:
        import jax
        from jax import numpy as jnp

        def log_proposal(moved: Any, codes: Any, gradients: Any, lengths: Any) -> Any:
            drift = codes - 0.5 * lengths**2 * gradients
            return -0.5 * jnp.sum(((moved - drift) / lengths) ** 2, axis=-1)

        def step(values: Any, state: Any, key: Any, learning: Any, scales: Any, *arrays: Any) -> Any:
            codes, gradients, energies, log_length = state
            lengths = jnp.exp(log_length)[:, None] * scales
            of_noise, of_choice = jax.random.split(key)
            noise = jax.random.normal(of_noise, codes.shape)
            moved = codes - 0.5 * lengths**2 * gradients + lengths * noise
            there, energies_there = self._gradients(values, moved, *arrays)
            log_ratio = (
                energies
                - energies_there
                + log_proposal(codes, moved, there, lengths)
                - log_proposal(moved, codes, gradients, lengths)
            )
            chance = jnp.where(jnp.isfinite(log_ratio), jnp.exp(jnp.minimum(log_ratio, 0.0)), 0.0)
            is_accepted = jax.random.uniform(of_choice, chance.shape) < chance
            kept = is_accepted[:, None]
            state = (
                jnp.where(kept, moved, codes),
                jnp.where(kept, there, gradients),
                jnp.where(is_accepted, energies_there, energies),
                log_length + learning * (chance - ACCEPTED),
            )
            return state, is_accepted

        return jax.jit(step)
