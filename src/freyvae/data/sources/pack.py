"""Images that were packed."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from freyvae.console import printable
from freyvae.data.image_size import fit_images, parse_image_size
from freyvae.data.levels import levels_text, parse_levels
from freyvae.data.pack import is_pack, open_pack, read_contents
from freyvae.data.source import Source
from freyvae.errors import BadInput
from freyvae.files import as_path


def levels_of(source: Any) -> str | None:
    """The levels by which a pack's pixels were made; None where there are none on record, or this is no pack."""
    try:
        path = as_path("path", source)
        return read_contents(path).rules.get("levels") if is_pack(path) else None
    except BadInput:
        return None


@dataclass(frozen=True)
class Pack(Source):
    """A pack, as `freyvae data pack` writes it. Its images are read when they are asked for."""

    name = "pack"

    def accepts(self, source: Any) -> bool:
        """As `Source.accepts`."""
        return is_pack(as_path("path", source))

    def load(self, source: Any, *, image_size: Any, grey: bool, levels: Any, **others: Any) -> Any:
        """As `Source.load`."""
        packed, asked = open_pack(as_path("path", source)), parse_levels(levels)
        if asked is not None and packed.levels != (asked if isinstance(asked, str) else levels_text(asked)):
            by = f"by levels {packed.levels}" if packed.levels else "of 8 bits"
            raise BadInput(
                f"{printable(source)}: its pixels were made {by} when it was packed: leave out levels=..., or pack the "
                f"images again with levels={levels!r}"
            )
        size = parse_image_size(image_size)
        fitted = fit_images(packed.images, size, grey=grey)
        is_other = fitted is not packed.images
        return dataclasses.replace(
            packed, images=fitted, known_fingerprint=None if is_other else packed.known_fingerprint
        )
