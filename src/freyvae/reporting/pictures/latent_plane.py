"""Decoded images over a plane of latents: the manifold of Kingma & Welling 2014, figure 4."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from scipy.special import ndtri

from freyvae.arguments import as_float, in_words, several, whole
from freyvae.errors import BadInput
from freyvae.memory import check_fits
from freyvae.mosaic import TALLEST, WIDEST, Array, fit, mosaic, to_bytes
from freyvae.reporting.pictures.arguments import checked_latents, checked_model, checked_names, checked_sides
from freyvae.reporting.pictures.picture import Picture, PicturedRun
from freyvae.reporting.pictures.saving import png
from freyvae.reporting.pictures.style import COLUMN, TALL, latent_name, sheet, show_pixels

if TYPE_CHECKING:
    from freyvae.model import VAE

SIDE = 20  # images along each latent
PRIOR_DRAWS = 10_000  # that say where the quantiles of a learned prior lie
LEFT = 130  # pixels for the values and the name of the second latent
Range = tuple[float, float]


def manifold(
    vae: "VAE",
    *,
    columns: int = SIDE,
    rows: int = SIDE,
    latents: Sequence[int] = (0, 1),
    quantiles: Range = (0.025, 0.975),
    span: Range | tuple[Range, Range] | None = None,
    latent_names: Sequence[str] | None = None,
    widest: int = WIDEST,
    tallest: int = TALLEST,
) -> Figure:
    """Decoded images over two latents: the first grows to the right, the second upwards, the others are 0.

    By default the values are evenly spaced quantiles of the prior, from the first to the second of `quantiles`, so
    that equal areas of the picture have equal prior probability. Of a learned prior they are those of each latent
    alone, among 10 000 draws. `span` = (low, high), or one such range for each of the two, asks for evenly spaced
    values instead. One latent (or a model with one) gives a strip. The images are magnified to at most `widest` by
    `tallest` pixels.
    """
    vae = checked_model(vae)
    chosen, latent_names = checked_latents(latents, vae.latent_dim), checked_names(latent_names)
    widest, tallest = checked_sides(widest, tallest)
    columns, rows = whole("columns", columns, at_least=1), whole("rows", rows, at_least=1)
    # decoded, and the codes before
    check_fits(
        4 * columns * rows * (math.prod(vae.image_shape) + vae.latent_dim), "the manifold", "ask for fewer tiles"
    )
    if len(chosen) == 1:
        rows = 1
    learned = None
    if span is None and not vae.prior_choice.is_standard_normal:
        learned = vae.sample_latents(PRIOR_DRAWS)[:, (chosen * 2)[:2]]
    across, up = (
        _values(n, axis, quantiles=quantiles, span=span, learned=learned) for axis, n in enumerate((columns, rows))
    )

    codes = np.zeros((rows, columns, vae.latent_dim), np.float32)
    codes[..., chosen[0]] = across
    if len(chosen) == 2:
        codes[..., chosen[1]] = up[::-1, None]  # the top row is the highest value
    tiles = to_bytes(np.asarray(vae.decode(codes.reshape(-1, vae.latent_dim))))
    tiles = fit(tiles, columns=columns, rows=rows, widest=widest, tallest=tallest)
    page = mosaic(tiles, columns=columns)
    height, width = page.shape[:2]

    others = "; other latents are 0" if vae.latent_dim > len(chosen) else ""
    figure, axes = sheet(
        width,
        height,
        title="Manifold",
        subtitle=_explain(quantiles, span, learned is not None) + others,
        left=LEFT if len(chosen) == 2 else 0,
        bottom=74,
    )
    show_pixels(axes, page)
    for side in axes.spines.values():
        side.set_visible(False)
    ticks = _ticks(columns, width // 120)
    axes.set_xticks((ticks + 0.5) * width / columns, _texts(across[ticks]))
    axes.set_xlabel(latent_name(chosen[0], latent_names))
    axes.set_yticks([])
    if len(chosen) == 2:
        ticks = _ticks(rows, height // 120)
        axes.set_yticks(height - (ticks + 0.5) * height / rows, _texts(up[ticks]))
        axes.set_ylabel(latent_name(chosen[1], latent_names), va="top")
        axes.yaxis.set_label_coords(-LEFT / width, 0.5)
    return figure


def _values(
    count: int,
    axis: int,
    *,
    quantiles: Range,
    span: Range | tuple[Range, Range] | None,
    learned: Array | None,
) -> Array:
    """Where the tiles stand along one of the two latents; `learned` are draws of both from a learned prior."""
    if span is None:
        low, high = _two("quantiles", quantiles)
        if not 0 < low <= high < 1:
            raise BadInput(f"quantiles must lie between 0 and 1, in order, not {in_words(quantiles)}")
        shares = np.linspace(low, high, count) if count > 1 else np.array([(low + high) / 2])
        return np.asarray(ndtri(shares) if learned is None else np.quantile(learned[:, axis], shares))
    low, high = _axis_range(span, axis)
    if low > high:
        raise BadInput(f"span must be two finite numbers, in order, not {in_words(span)}")
    return np.linspace(low, high, count) if count > 1 else np.array([(low + high) / 2])


def _axis_range(span: Range | tuple[Range, Range], axis: int) -> Range:
    bounds = several("span", span)
    return _two("span", bounds[axis] if len(bounds) == 2 and np.ndim(bounds[axis]) else bounds)


def _two(name: str, values: Any) -> Range:
    numbers = [as_float(value) for value in several(name, values)]
    if len(numbers) != 2 or numbers[0] is None or numbers[1] is None:
        raise BadInput(f"{name} must be two finite numbers, in order, not {in_words(values)}")
    return numbers[0], numbers[1]


def _explain(quantiles: Range, span: Range | tuple[Range, Range] | None, is_learned: bool) -> str:
    if span is None:
        prior = "the learned prior's quantiles of each latent" if is_learned else "the prior's quantiles"
        return f"expected pixels on {prior}, {quantiles[0]:.1%} to {quantiles[1]:.1%}"
    return "expected pixels at evenly spaced latents"


def _ticks(count: int, most: int) -> Array:
    """At most about `most` positions of `count`, the same from both ends, so that they mirror each other."""
    step = -(-count // max(most, 1))
    half = np.arange(0, (count + 1) // 2, step)
    middle = half[-1] * 2 == count - 1
    close = count - 1 - 2 * half[-1] < step and not middle and len(half) > 1
    half = half[:-1] if close else half
    return np.unique(np.concatenate([half, count - 1 - half]))


def _texts(values: Array) -> list[str]:
    """Numbers with as many decimals as tell them apart, and no more."""
    reach = float(np.abs(values).max())
    decimals = 2 if reach >= 0.5 or reach == 0 else 1 - int(np.floor(np.log10(reach)))
    return [f"{value:.{decimals}f}".replace("-", "−") for value in values + 0.0]


def _ranges(means: Array) -> tuple[tuple[float, float], tuple[float, float]]:
    """From the 1 % to the 99 % quantile of the codes, for each of two latents (the same twice where there is one)."""
    bounds = np.quantile(means, [0.01, 0.99], axis=0).T.tolist()
    (low, high), (lowest, highest) = bounds[0], bounds[-1]
    return (low, high), (lowest, highest)


def _manifold(run: PicturedRun, *, span: tuple[Range, Range] | None) -> Figure:
    """The report's."""
    return manifold(
        run.vae,
        latents=run.latents,
        span=span,
        latent_names=run.latent_names,
        widest=COLUMN - LEFT,
        tallest=TALL,
    )


PICTURES = (
    Picture(
        "manifold",
        "Decoded images over the latents, at evenly spaced quantiles of the prior.",
        3,
        lambda run: png(_manifold(run, span=None)),
        is_first=True,
        suits=lambda run: run.vae.latent_dim <= 2,
    ),
    Picture(
        "manifold_range",
        "Decoded images over the latents, evenly spaced over the range of the images' codes.",
        7,
        lambda run: png(_manifold(run, span=_ranges(run.means[:, run.latents]))),
        suits=lambda run: run.vae.latent_dim <= 2,
    ),
)
