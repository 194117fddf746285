"""One file that holds many images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from freyvae.data.array_file import load_file, split_array
from freyvae.data.source import Source


@dataclass(frozen=True)
class File(Source):
    """A NumPy or MATLAB file, or a picture file, of several pages or frames or one. Any other file is refused."""

    name = "file"
    takes_the_rest = True

    def accepts(self, source: Any) -> bool:
        """As `Source.accepts`."""
        path = split_array(source)[0]
        return path.exists() and not path.is_dir()

    def load(self, source: Any, *, seed: int, **choices: Any) -> Any:
        """As `Source.load`."""
        return load_file(source, **choices)
