"""A folder of pictures."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from freyvae.console import printable
from freyvae.data.kept_folder import load_kept
from freyvae.data.picture_files import PictureFiles
from freyvae.data.source import Source
from freyvae.files import as_path


@dataclass(frozen=True)
class Folder(Source):
    """Every picture in a folder and its subfolders."""

    name = "folder"
    takes_the_rest = True

    def accepts(self, source: Any) -> bool:
        """As `Source.accepts`."""
        return as_path("path", source).is_dir()

    def files(self, source: Any, *, progress: Any) -> Any:
        """As `Source.files`."""
        folder = as_path("path", source)
        return nullcontext(PictureFiles(folder, folder, printable(folder.resolve().name)))

    def load(self, source: Any, *, seed: int, **choices: Any) -> Any:
        """As `Source.load`."""
        return load_kept(as_path("path", source), **choices)
