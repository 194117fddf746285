"""The post's 1965 pictures of one man's face."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from freyvae.data.frey_faces import load_frey_faces
from freyvae.data.image_size import fit_images, parse_image_size
from freyvae.data.images import ImageSet, convert
from freyvae.data.source import Source


@dataclass(frozen=True)
class FreyFaces(Source):
    """The Frey faces, which are a video. They are downloaded once and verified by their pixels."""

    name = "frey-faces"
    by_name = True
    recipe = "frey-faces"

    def load(self, source: Any, *, image_size: Any, grey: bool, levels: Any, progress: Any, **others: Any) -> Any:
        """As `Source.load`."""
        size = parse_image_size(image_size)
        images, _, used, _ = convert(load_frey_faces(progress=progress), name=self.name, levels=levels)
        faces = ImageSet(images=images, name=self.name, is_video=True, levels=used)
        return dataclasses.replace(faces, images=fit_images(images, size, grey=grey))
