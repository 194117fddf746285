"""A page of two runs on the same images, side by side."""

import dataclasses
from pathlib import Path

from freyvae.errors import BadInput
from freyvae.explorer.bundle import Bundle
from freyvae.explorer.page import page_text, read_bundle
from freyvae.files import write_whole
from freyvae.run import Run


def check_same_images(run: Run, other: Run) -> None:
    """Raise `BadInput` unless two runs, not one, are of the same images."""
    if run.folder.resolve() == other.folder.resolve():
        raise BadInput(f"{run.folder} beside itself: give another run of the same images")
    if run.training.data_sha256 != other.training.data_sha256:
        raise BadInput(
            f"{other.folder} was trained on other images than {run.folder}: side by side stand runs of the same "
            "images, of one size"
        )


def write_pair(run: Run, other: Run) -> Path:
    """Write `explorer/beside.html` of a run, one file with the pages of both runs, and return its path.

    Both must have a page of this version, as `prepare_page` makes. Raises `BadInput` as `check_same_images` does.
    """
    check_same_images(run, other)
    pages = [read_bundle(each.explorer_path) for each in (run, other)]
    if pages[0].header["title"] == pages[1].header["title"]:
        names = _apart(run.folder, other.folder)
        pages = [_titled(page, name) for page, name in zip(pages, names, strict=True)]
    write_whole(run.beside_path, page_text(*pages))
    return run.beside_path


def _titled(page: Bundle, name: str) -> Bundle:
    return dataclasses.replace(page, header=page.header | {"title": f"{page.header['title']} ({name})"})


def _apart(one: Path, other: Path) -> tuple[str, str]:
    """As much of the ends of two folders' paths as tells them apart."""
    parts = [folder.resolve().parts for folder in (one, other)]
    for last in range(1, max(map(len, parts)) + 1):
        names = tuple("/".join(path[-last:]) for path in parts)
        if names[0] != names[1]:
            break
    return names[0], names[1]
