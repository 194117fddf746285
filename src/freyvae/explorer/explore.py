"""Opens the explorer: of a run in the browser, of a model in a notebook."""

from collections.abc import Callable, Mapping
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
    images: npt.ArrayLike | ImageSet | Mapping[str, npt.ArrayLike] | None = None,
    *,
    beside: Run | str | Path | None = None,
    colour_by: str | Path | None = None,
    names: tuple[str, ...] = (),
    title: str = "VAE",
    port: int | None = None,
    no_browser: bool = False,
    runtime: str = "page",
    onnx_runtime_web: str | Path | None = None,
    say: Callable[[str], None] | None = None,
) -> Any:
    """Open the explorer of a model and images as a widget in a notebook, or of a run in the browser.

    The widget is shown if it is the last line of a cell. Its `latents` are a list of floats, and its `image` is uint8
    (height, width, channel). Both can be read and set. Setting `image` sets the latents to its code. Dragging the
    sliders needs no kernel.

    A run is served on this machine until Ctrl-C: see `freyvae explore --help`.

    Args:
        vae: a `freyvae.VAE`; or a finished run, or its folder.
        images: for a model: anything that `as_images` takes, of the model's size. Their codes are the points. Or such
            images by `training`, `validation` and `test`, which the widget then tells apart.
        beside: for a run: another on the same images, or its folder, to stand beside it in one page.
        colour_by: for a run: a column of a .csv or .tsv file of its images, by which its page colours them, as the
            labels of a training are read, `cells.csv:stage`. It is kept in the run: words in place of the groups that
            `cluster` found, numbers in place of the scores of `score`.
        names: for a model: the names of its latents.
        title: for a model: the title above the widget.
        port: for a run: the port to listen on, at 127.0.0.1; by default 8765, or the next free one.
        no_browser: for a run: only serve, without opening the browser.
        runtime: for a run: what runs the networks in the page: "page", its own interpreter, or "onnx", ONNX Runtime
            Web, for large models.
        onnx_runtime_web: for a run: the folder `dist` of the npm package onnxruntime-web; by default that of
            `node_modules` in the working folder.
        say: for a run: called with each message, such as the address; by default they go to standard error.

    Returns:
        the widget; nothing for a run.

    Raises:
        BadInput: the extra `notebook` is not installed, the images do not fit the model, the decoder has a layer that
            the page cannot compute, there is no such run, two runs have other images, no port
            is free, ONNX Runtime Web is to run the networks and is not there, or the table has no such column or not a
            value for each image.
    """
    if isinstance(vae, Run | str | Path):
        if images is not None:
            raise BadInput("the explorer of a run has the run's own images: leave images out, or give a model")
        other = None if beside is None else opened(beside)
        folder = None if onnx_runtime_web is None else Path(onnx_runtime_web)
        return serve(
            opened(vae),
            beside=other,
            colour_by=colour_by,
            port=port,
            browser=not no_browser,
            runtime=runtime,
            onnx_runtime_web=folder,
            say=say,
        )
    if colour_by is not None:
        raise BadInput("a column of a table is kept in a run: leave colour_by out, or give a run, not a model")
    if beside is not None:
        raise BadInput("side by side stand two runs: leave beside out, or give a run, not a model")
    if images is None:
        raise BadInput("the explorer of a model needs images: their codes are its points")
    return widget_of(vae, images, names=names, title=title)
