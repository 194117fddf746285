"""The codes of images in the latent space, with the prior."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from freyvae import palette
from freyvae.arguments import number, several, text, truth, whole
from freyvae.data.labels import most_frequent
from freyvae.data.pixels import evenly_spaced
from freyvae.errors import BadInput
from freyvae.mosaic import Array
from freyvae.reporting.pictures.arguments import (
    checked_images,
    checked_latents,
    checked_model,
    checked_names,
    checked_parts,
)
from freyvae.reporting.pictures.picture import Picture
from freyvae.reporting.pictures.saving import png
from freyvae.reporting.pictures.style import (
    DPI,
    FAMILY,
    INK,
    MARGIN,
    QUIET,
    RULE,
    TEXT_POINTS,
    colour_bar,
    latent_name,
    sheet,
)

if TYPE_CHECKING:
    from freyvae.model import VAE

SIDE = 880  # pixels
WIDTH_OF_LABELS = 330  # pixels, of the legend
PRIOR_DRAWS = 2000  # of a learned prior, behind the codes
TIME = "viridis"
Parts = Mapping[str, Array]


def codes(
    vae: "VAE",
    images: Array | Parts,
    *,
    latents: Sequence[int] = (0, 1),
    is_video: bool = False,
    frames: Array | Parts | None = None,
    latent_names: Sequence[str] | None = None,
    labels: Sequence[str] | Mapping[str, Sequence[str]] | None = None,
    most: int = 5000,
) -> Figure:
    """The code of each image, its posterior mean, over two latents, with the prior's circles of 1 and 2 deviations.

    A learned prior has no circles: draws from it stand behind the codes instead, in grey.

    `images` are uint8 (n, h, w, c), or a mapping from part (training, validation) to such. With `is_video` they are
    coloured by time, which is their order, or `frames`, counted from 0, where they were shuffled; otherwise by label,
    where there are `labels`, alike, or by part. A model with one latent has it drawn against the images' order. What is
    read counts from 1, as in the page. Above `most` images, that many are picked evenly.
    """
    vae, is_video = checked_model(vae), truth("is_video", is_video)
    chosen, latent_names = checked_latents(latents, vae.latent_dim), checked_names(latent_names)
    most = whole("most", most, at_least=1)
    every, part, time, names = _gather(images, frames)
    named, label = most_frequent(_gathered(labels, names, len(every)), len(palette.LABELS))
    picked = evenly_spaced(len(every), most)
    values = np.asarray(vae.encode(every[picked]))
    part, time = part[picked], time[picked]
    by_label = bool(named) and not is_video
    by_part = len(names) > 1 and not is_video and not by_label
    word = "frame" if is_video else "image"

    by = "" if by_part else ", coloured by label" if by_label else f", coloured by {word}"
    subtitle = f"posterior means of {len(picked)} {word}s{by}"
    right = 40 if by_part else WIDTH_OF_LABELS if by_label else 150
    figure, axes = sheet(SIDE, SIDE, title="Codes", subtitle=subtitle, left=96, right=right, bottom=80)
    flat = len(chosen) == 1
    x = time + 1 if flat else values[:, chosen[0]]
    y = values[:, chosen[0]] if flat else values[:, chosen[1]]
    if by_label:
        words = []
        for index, name in enumerate(named):
            own = label[picked] == index
            words.append(f"{name if len(name) <= 20 else name[:19] + '…'} ({own.sum()})")
            axes.scatter(x[own], y[own], s=4, color=palette.LABELS[index], linewidths=0, label=str(index), zorder=3)
        legend = axes.legend(
            loc="upper left",
            bbox_to_anchor=(1.01, 1),
            frameon=False,
            borderpad=0,
            borderaxespad=0,
            handletextpad=0,
            markerscale=2,
            labelcolor=INK,
            prop={"size": TEXT_POINTS, "family": FAMILY[0]},
        )
        # a name can begin with an underscore, which matplotlib leaves out, or hold dollars, which are no formula
        for entry, said in zip(legend.get_texts(), words, strict=True):
            entry.set_text(said)
            entry.set_parse_math(False)
    elif by_part:
        for index, name in enumerate(names):
            own = part == index
            colour = palette.PARTS[index % len(palette.PARTS)]
            axes.scatter(x[own], y[own], s=4, color=colour, linewidths=0, label=f"{name} ({own.sum()})", zorder=3)
        figure.legend(
            loc="upper right",
            bbox_to_anchor=(axes.get_position().x1, 1 - (MARGIN - 6) / (figure.get_figheight() * DPI)),
            ncols=len(names),
            frameon=False,
            borderpad=0,
            borderaxespad=0,
            handletextpad=0,
            columnspacing=0.8,
            markerscale=2,
            labelcolor=INK,
            prop={"size": TEXT_POINTS, "family": FAMILY[0]},
        )
    else:
        axes.scatter(x, y, s=4, c=time, cmap=TIME, linewidths=0, zorder=3)
        width, height = figure.get_size_inches() * DPI
        box = axes.get_position()
        bar = (box.x1 * width + 24, box.y0 * height, 12, box.height * height)
        colour_bar(figure, bar, low=float(time.min() + 1), high=float(time.max() + 1), colours=TIME)
    name = latent_name(chosen[0], latent_names)
    learned = None if vae.prior_choice.is_standard_normal else vae.sample_latents(PRIOR_DRAWS)[:, chosen]
    if flat:
        _against_order(axes, y, word=word, name=name, has_circles=learned is None)
    else:
        _against_prior(axes, x, y, learned)
        axes.set_xlabel(name)
        axes.set_ylabel(latent_name(chosen[1], latent_names))
    return figure


def _gather(images: Array | Parts, frames: Array | Parts | None) -> tuple[Array, Array, Array, list[str]]:
    """All images, the number of the part each is of, its place in time, and the parts' names."""
    parts = images if isinstance(images, Mapping) else {"images": checked_images(images)}
    parts = checked_parts(parts)
    every = np.concatenate(list(parts.values()))
    part = np.repeat(np.arange(len(parts)), [len(array) for array in parts.values()])
    if frames is None:
        time = np.arange(len(every))
    else:
        own = [frames[name] for name in parts if name in frames] if isinstance(frames, Mapping) else [frames]
        time = np.array([number("frames", frame) for places in own for frame in several("frames", places)])
    if time.shape != (len(every),):
        raise BadInput(f"frames must say the place in time of each of the {len(every)} images, not {time.shape}")
    return every, part, time, list(parts)


def _gathered(labels: Sequence[str] | Mapping[str, Sequence[str]] | None, names: list[str], count: int) -> list[str]:
    """The labels of all images; none where there are none. Raises `BadInput` for another number of them."""
    if labels is None:
        return []
    own = [labels[name] for name in names if name in labels] if isinstance(labels, Mapping) else [labels]
    every = [text("labels", label) for labels_of_part in own for label in several("labels", labels_of_part)]
    if len(every) != count:
        raise BadInput(f"labels must be one for each of the {count} images, not {len(every)}")
    return every


def _against_prior(axes: Axes, x: Array, y: Array, learned: Array | None) -> None:
    """Equal scales about zero, wide enough for every code; the prior's circles where they can be seen, or its draws."""
    farthest = float(np.nanmax(np.abs([x, y]), initial=0.0))
    reach = max(2.2, farthest * 1.05) if farthest > 0.4 else max(farthest * 1.2, 1e-3)
    axes.set_xlim(-reach, reach)
    axes.set_ylim(-reach, reach)
    axes.set_aspect("equal")
    axes.axhline(0, color=RULE, linewidth=0.6, zorder=1)
    axes.axvline(0, color=RULE, linewidth=0.6, zorder=1)
    if learned is not None:
        axes.scatter(learned[:, 0], learned[:, 1], s=3, color=RULE, linewidths=0, zorder=2)
        axes.text(0.03, 0.97, "grey: draws from the learned prior", transform=axes.transAxes, **_NOTE, va="top")
        return
    for radius in (1, 2):
        if radius < reach:
            axes.add_patch(Circle((0, 0), radius, fill=False, edgecolor=QUIET, linewidth=0.7, zorder=2))
            axes.text(0, radius, f"{radius} sd", **_NOTE, ha="center", va="center", zorder=4)
    if reach <= 1:
        axes.text(0.03, 0.97, "the prior's circles lie outside this view", transform=axes.transAxes, **_NOTE, va="top")


def _against_order(axes: Axes, y: Array, *, word: str, name: str, has_circles: bool) -> None:
    reach = max(2.2, float(np.nanmax(np.abs(y), initial=0.0)) * 1.05)
    axes.set_ylim(-reach, reach)
    right = axes.get_yaxis_transform()
    for height in (-2, -1, 0, 1, 2) if has_circles else (0,):
        axes.axhline(height, color=QUIET if height else RULE, linewidth=0.6, zorder=1)
        if height > 0:
            axes.text(1.0, height, f"{height} sd", transform=right, **_NOTE, ha="right", va="center")
    axes.set_xlabel(word)
    axes.set_ylabel(name)


_NOTE: dict[str, Any] = {
    "size": TEXT_POINTS - 1,
    "color": QUIET,
    "family": FAMILY,
    "bbox": {"facecolor": "white", "edgecolor": "none", "pad": 1.5, "alpha": 0.85},
}

PICTURES = (
    Picture(
        "codes",
        "Codes of the images in the latent space, by label where there are any. Circles, or grey dots, show the prior.",
        6,
        lambda run: png(
            codes(
                run.vae,
                run.parts,
                latents=run.latents,
                is_video=run.is_video,
                frames=run.frames,
                latent_names=run.latent_names,
                labels=run.labels,
            )
        ),
    ),
)
