"""Passes through a model from which nothing is learned."""

from contextlib import AbstractContextManager, nullcontext

from freyvae.late import keras


def without_gradients() -> AbstractContextManager[None]:
    """A context in which torch keeps nothing that gradients would need; the other backends do not unless asked to."""
    if keras.backend.backend() != "torch":
        return nullcontext()
    import torch

    kept_nothing: AbstractContextManager[None] = torch.no_grad()
    return kept_nothing
