"""MNIST's own format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from freyvae.console import printable
from freyvae.data.array_file import as_image_set
from freyvae.data.file_kind import kind_of_file
from freyvae.data.idx_file import labels_beside, read_idx
from freyvae.data.source import Source
from freyvae.errors import BadInput
from freyvae.files import as_path


@dataclass(frozen=True)
class Idx(Source):
    """An IDX file, MNIST's own format, compressed or not. It is recognised by its content."""

    name = "idx"

    def accepts(self, source: Any) -> bool:
        """As `Source.accepts`."""
        return kind_of_file(as_path("path", source)).name == "idx"

    def load(self, source: Any, *, image_size: Any, grey: bool, levels: Any, **others: Any) -> Any:
        """As `Source.load`. Labels are those of the file beside it that has `labels` in its name for `images`."""
        path = as_path("path", source)
        values = read_idx(path)
        if values.ndim < 3:
            what = "labels, not images; give the file of images" if values.ndim == 1 else "not images"
            raise BadInput(f"{printable(path)}: an IDX file of shape {values.shape}: {what}")
        labels = labels_beside(path, len(values))
        return as_image_set(values, path, image_size=image_size, grey=grey, levels=levels, labels=labels)
