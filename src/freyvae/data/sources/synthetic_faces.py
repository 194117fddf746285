"""Drawn faces with known factors."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from freyvae.data.image_size import fit_images, parse_image_size
from freyvae.data.images import convert
from freyvae.data.source import Source
from freyvae.data.synthetic_faces import synthetic_faces


@dataclass(frozen=True)
class SyntheticFaces(Source):
    """Faces drawn from known factors. They need no download, and measures of factors need them."""

    name = "synthetic-faces"
    by_name = True
    recipe = "frey-faces"

    def load(self, source: Any, *, image_size: Any, grey: bool, levels: Any, seed: int, **others: Any) -> Any:
        """As `Source.load`."""
        size, faces = parse_image_size(image_size), synthetic_faces(seed=seed)
        images, _, used, _ = convert(faces.images, name=faces.name, levels=levels)
        return dataclasses.replace(faces, images=fit_images(images, size, grey=grey), levels=used)
