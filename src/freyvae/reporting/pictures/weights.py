"""The weights of the first layer as images."""

from typing import TYPE_CHECKING

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from freyvae.arguments import whole
from freyvae.errors import BadInput
from freyvae.mosaic import TALLEST, WIDEST, Array, colours_of, fit, mosaic, to_bytes
from freyvae.reporting.pictures.arguments import checked_model, checked_sides
from freyvae.reporting.pictures.diagram import flatten
from freyvae.reporting.pictures.picture import Picture, PicturedRun
from freyvae.reporting.pictures.saving import png
from freyvae.reporting.pictures.style import COLUMN, DPI, TALL, bare, colour_bar, sheet, show_pixels

if TYPE_CHECKING:
    from freyvae.model import VAE

GAP = 4
DIVERGING = "RdBu_r"
RIGHT = 140  # pixels for the colour bar
STRONGEST = 60  # units in the report
# of weights that show something, the least correlation of neighbours
SMOOTH = 0.1


def first_layer_weights(
    vae: "VAE", *, columns: int = 16, strongest: int | None = None, widest: int = WIDEST, tallest: int = TALLEST
) -> Figure:
    """The weights from the pixels to each unit of the encoder's first dense layer, as images, on one symmetrical scale.

    Grey images: blue is negative, white 0, red positive. Others: each channel's weight in its colour, about mid-grey.
    With `strongest`, only so many units, those of the largest weights (sum of squares), the largest first. The images
    are magnified to at most `widest` by `tallest` pixels.
    """
    vae, columns = checked_model(vae), whole("columns", columns, at_least=1)
    widest, tallest = checked_sides(widest, tallest)
    weights = every = _filters(vae)
    channels = weights.shape[3]
    if strongest is not None:
        weights = _strongest(weights, whole("strongest", strongest, at_least=1))
    limit = float(np.quantile(np.abs(weights), 0.999)) or 1.0
    in_colours = weights if channels == 1 else weights @ colours_of(channels)
    # a thousandth of the weights lies beyond the scale
    scaled = np.clip(0.5 + in_colours / (2 * limit), 0.0, 1.0)
    tiles = to_bytes(matplotlib.colormaps[DIVERGING](scaled[..., 0])[..., :3] if channels == 1 else scaled)
    columns = min(columns, len(tiles))
    tiles = fit(tiles, columns=columns, rows=-(-len(tiles) // columns), gap=GAP, widest=widest, tallest=tallest)
    page = mosaic(tiles, columns=columns, gap=GAP)
    figure, axes = sheet(
        page.shape[1],
        page.shape[0],
        title="First layer",
        subtitle=f"weights from the pixels to {_which(len(weights), len(every))}, on one scale",
        right=RIGHT,
    )
    show_pixels(bare(axes), page)
    full_width, full_height = figure.get_size_inches() * DPI
    box = axes.get_position()
    tall = min(420, page.shape[0])
    bar = (box.x1 * full_width + 24, box.y1 * full_height - tall, 12, tall)
    colour_bar(figure, bar, low=-limit, high=limit, colours=DIVERGING if channels == 1 else "gray")
    return figure


def _which(shown: int, units: int) -> str:
    return f"each of the {units} units" if shown == units else f"the {shown} strongest of {units} units"


def _filters(vae: "VAE") -> Array:
    """The weights to each unit, (unit, height, width, channel)."""
    return _pixel_kernel(vae).T.reshape(-1, *vae.image_shape)


def _strongest(weights: Array, count: int) -> Array:
    """Those of the largest sum of squares, the largest first."""
    order = np.argsort(-np.square(weights).sum(axis=(1, 2, 3)), kind="stable")
    return weights[order[:count]]


def smoothness(weights: Array) -> float:
    """How alike weights of neighbouring pixels are: their correlation about 0, over all units.

    It is about 0 of weights that are as they began, each drawn by itself: there is nothing to see.
    """
    pairs = [(weights[:, 1:], weights[:, :-1]), (weights[:, :, 1:], weights[:, :, :-1])]
    together = sum(float((one * other).sum()) for one, other in pairs)
    alone = sum(float(np.square(one).sum() + np.square(other).sum()) / 2 for one, other in pairs)
    return together / alone if alone else 0.0


def _show_something(run: PicturedRun) -> bool:
    try:
        return smoothness(_strongest(_filters(run.vae), STRONGEST)) >= SMOOTH
    except BadInput:
        return False


def _pixel_kernel(vae: "VAE") -> Array:
    """The first weights that the pixels meet, if they are those of a dense layer on all of them."""
    pixels = int(np.prod(vae.image_shape))
    for layer in flatten(vae.encoder):
        if not getattr(layer, "trainable_weights", None):
            continue
        kernel = getattr(layer, "kernel", None)
        if kernel is not None and tuple(kernel.shape[:1]) == (pixels,) and len(kernel.shape) == 2:
            import keras

            return np.asarray(keras.ops.convert_to_numpy(kernel.value))
        break
    raise BadInput("the encoder does not begin with a dense layer on the pixels: it has no weight images to draw")


PICTURES = (
    Picture(
        "weights",
        "Weights from the pixels to the strongest units of the first layer.",
        11,
        lambda run: png(
            first_layer_weights(run.vae, columns=10, strongest=STRONGEST, widest=COLUMN - RIGHT, tallest=TALL)
        ),
        suits=_show_something,
        runs_model=False,
    ),
)
