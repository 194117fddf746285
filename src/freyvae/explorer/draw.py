"""Draws what a model has and its page leaves out: details below the code, pixels one after the other."""

from http import HTTPStatus

import numpy as np

from freyvae.errors import BadInput
from freyvae.explorer.service import Answer, Opened, Query, Service, numbers_of, refusal
from freyvae.recipe import LARGEST_SEED


class Draw(Service):
    """Answers with one draw of the whole model for a code, uint8 (height, width, channel).

    Pixels of an autoregressive decoder are drawn; of others they are the means, given the details that were drawn.
    """

    name, path = "draw", "/explorer/draw"

    def __init__(self, opened: Opened):
        self._opened = opened

    def answer(self, query: Query) -> Answer:
        """The draw of the code in the field `z`, with the `seed`; 400 where they are none, 409 without the model."""
        try:
            vae = self._opened.vae
        except BadInput as error:
            return refusal(error, HTTPStatus.CONFLICT)
        try:
            code = np.array([numbers_of(query, "z", most=vae.latent_dim)], np.float32)
            (seed,) = numbers_of(query, "seed", most=1)
            if not 0 <= seed <= LARGEST_SEED:
                raise BadInput(f"seed must be between 0 and {LARGEST_SEED}")
            with self._opened.lock:
                if vae.pixel_likelihood.is_autoregressive:
                    return Answer(vae.sample(code, seed=int(seed))[0].tobytes())
                means = vae.sample_means(code, seed=int(seed))[0]
        except BadInput as error:
            return refusal(error)
        return Answer(np.rint(255 * means).astype(np.uint8).tobytes())
