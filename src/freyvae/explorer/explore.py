"""The explorer, wherever one is: of a run at an address of this machine, of a model in a notebook."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy.typing as npt

from freyvae.data.images import ImageSet
from freyvae.errors import BadInput
from freyvae.explorer.server import serve
from freyvae.explorer.widget import widget_of
from freyvae.run import Run, opened


def explore(
    vae: Any,
    images: npt.ArrayLike | ImageSet | None = None,
    *,
    names: tuple[str, ...] = (),
    title: str = "VAE",
    port: int | None = None,
    no_browser: bool = False,
    say: Callable[[str], None] | None = None,
) -> Any:
    """The explorer of a model and images as a notebook's widget, or of a run at an address of this machine.

    The widget is to be the last line of a notebook's cell. Its `latents` are a list of floats, and its `image` is uint8
    (height, width, channel); both may be read and set, and setting an image goes to its code. Dragging needs no kernel.

    A run is served until Ctrl-C: see `freyvae explore --help`.

    Args:
        vae: a `freyvae.VAE`; or a finished run, or its folder.
        images: of a model, whatever `as_images` takes, of its size; their codes are the points.
        names: of a model's latents.
        title: above the widget.
        port: of a run: to listen on, at 127.0.0.1; by default 8765, or the next free one.
        no_browser: of a run: only serve.
        say: of a run: how to say a line, the address among them; by default to standard error.

    Returns:
        the widget; nothing for a run.

    Raises:
        BadInput: the extra `notebook` is not installed, the images do not fit the model, or the decoder has a layer
            that the page cannot compute; or there is no such run, or no port is free.
    """
    if isinstance(vae, Run | str | Path):
        if images is not None:
            raise BadInput("the explorer of a run has the run's own images: leave images out, or give a model")
        return serve(opened(vae), port=port, browser=not no_browser, say=say)
    if images is None:
        raise BadInput("the explorer of a model needs images: their codes are its points")
    return widget_of(vae, images, names=names, title=title)
