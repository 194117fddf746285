"""The base class of the formats that a run is exported in."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from freyvae.choice import Choice
from freyvae.errors import BadInput

if TYPE_CHECKING:
    from freyvae.run import Run


@dataclass(frozen=True)
class ExportFormat(Choice):
    """A format that a run is exported in."""

    module: ClassVar[str] = ""
    """What it is written with, "" if freyvae needs nothing more."""
    extra: ClassVar[str] = ""
    """The extra of freyvae that installs that."""

    @abstractmethod
    def write(self, run: Run, out: Path | None) -> list[Path]:
        """Write a run, and return the files that were written.

        Args:
            run: a finished run.
            out: the file or folder; None for the format's own place in the run's folder.

        Raises:
            BadInput: the format cannot hold the run, or `out` cannot be written.
        """

    def folder(self, run: Run, out: Path | None, *, default: str = "export") -> Path:
        """The folder for the format's files. Raises `BadInput` where a file is in its place."""
        folder = run.folder / default if out is None else out
        if folder.exists() and not folder.is_dir():
            raise BadInput(f"{folder} is a file: give a folder for the {self.name} files")
        return folder
