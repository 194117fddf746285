"""Encodes pictures with a run's model, for a page that does not hold its encoder."""

import math
from http import HTTPStatus

import numpy as np

from freyvae.errors import BadInput
from freyvae.explorer.bundle import Bundle
from freyvae.explorer.service import Answer, Opened, ServiceOfBytes, refusal


class Encode(ServiceOfBytes):
    """Answers to the pixels of an image, uint8 (height, width, channel), with its code and the posterior's deviations.

    They are float32 (2, latent), little-endian.

    Args:
        opened: the run.
        bundle: of its page.
        folder: where the page asks for it, beside itself: "", or "beside/" for the second run of a pair.
    """

    def __init__(self, opened: Opened, bundle: Bundle, *, folder: str = ""):
        self._opened = opened
        self._shape = tuple(bundle.header["imageShape"])
        self.name = f"{folder}encode"
        self.path = f"/explorer/{self.name}"
        self.size = math.prod(self._shape)

    def answer_to(self, content: bytes) -> Answer:
        """Code and deviations; 409 without the model."""
        image = np.frombuffer(content, np.uint8).reshape(1, *self._shape)
        try:
            vae = self._opened.vae
            with self._opened.lock:
                found = np.concatenate([vae.encode(image), vae.posterior_deviations(image)])
        except BadInput as error:
            return refusal(error, HTTPStatus.CONFLICT)
        return Answer(found.astype("<f4").tobytes())
