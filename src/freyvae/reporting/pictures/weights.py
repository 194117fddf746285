"""The weights of the first layer as images."""

from typing import TYPE_CHECKING

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from freyvae.arguments import whole
from freyvae.errors import BadInput
from freyvae.mosaic import Array, colours_of, fit, mosaic, to_bytes
from freyvae.reporting.pictures.arguments import checked_model
from freyvae.reporting.pictures.diagram import flatten
from freyvae.reporting.pictures.picture import Picture
from freyvae.reporting.pictures.saving import png
from freyvae.reporting.pictures.style import DPI, bare, colour_bar, sheet, show_pixels

if TYPE_CHECKING:
    from freyvae.model import VAE

GAP = 4
DIVERGING = "RdBu_r"


def first_layer_weights(vae: "VAE", *, columns: int = 16) -> Figure:
    """The weights from the pixels to each unit of the encoder's first dense layer, as images, on one symmetrical scale.

    Grey images: blue is negative, white 0, red positive. Others: each channel's weight in its colour, about mid-grey.
    """
    vae, columns = checked_model(vae), whole("columns", columns, at_least=1)
    height, width, channels = vae.image_shape
    kernel = _pixel_kernel(vae)  # (h * w * c, units)
    weights = kernel.T.reshape(-1, height, width, channels)
    limit = float(np.quantile(np.abs(weights), 0.999)) or 1.0
    in_colours = weights if channels == 1 else weights @ colours_of(channels)
    # a thousandth of the weights lies beyond the scale
    scaled = np.clip(0.5 + in_colours / (2 * limit), 0.0, 1.0)
    tiles = to_bytes(matplotlib.colormaps[DIVERGING](scaled[..., 0])[..., :3] if channels == 1 else scaled)
    columns = min(columns, len(tiles))
    tiles = fit(tiles, columns=columns, rows=-(-len(tiles) // columns), gap=GAP)
    page = mosaic(tiles, columns=columns, gap=GAP)
    figure, axes = sheet(
        page.shape[1],
        page.shape[0],
        title="First layer",
        subtitle=f"weights from the pixels to each of the {len(weights)} units, on one scale",
        right=140,
    )
    show_pixels(bare(axes), page)
    full_width, full_height = figure.get_size_inches() * DPI
    box = axes.get_position()
    tall = min(420, page.shape[0])
    bar = (box.x1 * full_width + 24, box.y1 * full_height - tall, 12, tall)
    colour_bar(figure, bar, low=-limit, high=limit, colours=DIVERGING if channels == 1 else "gray")
    return figure


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
        "Weights from the pixels to each unit of the first layer.",
        8,
        lambda run: png(first_layer_weights(run.vae)),
        runs_model=False,
    ),
)
