"""Images that a person hands over in Python, as an `ImageSet`: by the rules by which files are read."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from freyvae.data.channels import MOST_CHANNELS
from freyvae.data.image_size import ImageSize, fit_images, parse_image_size
from freyvae.data.images import ImageSet, convert, have_said
from freyvae.data.labels import read_labels
from freyvae.data.levels import Levels, dark_note, parse_levels
from freyvae.data.pixels import Given, Pixels, RandomAccess
from freyvae.errors import BadInput


def are_given(source: Any) -> bool:
    """Whether a source is images, or something that gives them, and no path or name."""
    if isinstance(source, (str, os.PathLike)):
        return False
    return hasattr(source, "__array__") or isinstance(source, RandomAccess)


def set_of(
    source: Any, *, image_size: ImageSize, grey: bool, levels: Levels, labels: str | Path | None, name: str = "source"
) -> ImageSet:
    """Images that `are_given`.

    Args:
        source: an `ImageSet`, `Pixels`, an array as `as_images` takes it, or a person's own `RandomAccess`.
        image_size: as in `load_images`.
        grey: likewise.
        levels: likewise, of an array.
        labels: likewise.
        name: of the argument in an error.

    Raises:
        BadInput: they are no images, or `levels` are asked of what gives bytes.
    """
    found = _found(source, levels, name)
    images: Any = found.images
    if 0 in images.shape[1:] or images.shape[3] > MOST_CHANNELS:
        raise BadInput(f"{name}: images of shape {images.shape[1:]}; give 1 to {MOST_CHANNELS} channels, and pixels")
    fitted = fit_images(images, parse_image_size(image_size), grey=grey)
    found = replace(found, images=fitted, known_fingerprint=None)
    if labels is None:
        return found
    return replace(found, labels=read_labels(labels, count=len(found), files=found.files))


def _found(source: Any, levels: Levels, name: str) -> ImageSet:
    kind = type(source).__name__
    found = source if isinstance(source, ImageSet) else ImageSet(source, kind, is_video=False)
    _check_counts(found, name)
    images: Any = found.images
    if isinstance(images, (list, tuple)) or (hasattr(images, "__array__") and not isinstance(images, Pixels)):
        images, notes, used, lost = convert(images, name=name, levels=levels)
        notes = (*found.notes, *notes, *filter(None, [dark_note(images, levels)]))
        have_said(*notes)
        return replace(found, images=images, notes=notes, levels=used or found.levels, lost=lost or found.lost)
    if parse_levels(levels) is not None:
        raise BadInput(f"levels={levels!r}: what a {kind} gives are bytes already; leave it out")
    return replace(found, images=images if isinstance(images, Pixels) else Given(images, name))


def _check_counts(images: ImageSet, name: str) -> None:
    for what, texts in (("files", images.files), ("labels", images.labels)):
        if texts is not None and len(texts) != len(images):
            raise BadInput(f"{name}: {len(texts)} {what} for {len(images)} images; give one for each")
