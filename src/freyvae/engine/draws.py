"""Random numbers for the images of a step: a share of a batch draws what the whole batch would, its own rows of it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

# where the share that is being traced begins in its batch, and the number of images of that batch
_share: ContextVar[tuple[Any, int] | None] = ContextVar("share", default=None)


@contextmanager
def share_of_batch(first: Any, images: int) -> Iterator[None]:
    """Have `draw_for_images` draw for a share of a batch of so many images, which begins at image `first`."""
    token = _share.set((first, images))
    try:
        yield
    finally:
        _share.reset(token)


def draw_for_images(draw: Callable[..., Any], shape: tuple[int, ...], **arguments: Any) -> Any:
    """Random numbers of shape (image, ...).

    Args:
        draw: of `keras.random`; it is called with a shape and `arguments`.
        shape: (image, ...).
        arguments: the seed among them.
    """
    share = _share.get()
    if share is None:
        return draw(shape, **arguments)
    import jax

    first, images = share
    return jax.lax.dynamic_slice_in_dim(draw((images, *shape[1:]), **arguments), first, shape[0])
