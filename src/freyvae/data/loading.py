"""Loads images by the name of a data set, or from a folder or a file."""

import dataclasses
import difflib
from pathlib import Path

from freyvae.arguments import truth, whole
from freyvae.console import Progress, checked_progress, printable
from freyvae.data.image_size import ImageSize
from freyvae.data.images import ImageSet
from freyvae.data.labels import read_labels
from freyvae.data.levels import Levels
from freyvae.data.source import Source
from freyvae.data.sources import NAMES, SOURCES
from freyvae.errors import BadInput
from freyvae.files import as_path


def load_images(
    source: str | Path,
    *,
    image_size: ImageSize = None,
    grey: bool = False,
    strict: bool = False,
    levels: Levels = None,
    labels: str | Path | None = None,
    seed: int = 0,
    progress: bool | Progress = False,
) -> ImageSet:
    """Load images from a data set, a folder or a file.

    Args:
        source: `frey-faces`, `synthetic-faces`, a benchmark set whose files are there (`static-mnist`, `dynamic-mnist`,
            `omniglot`, `caltech-silhouettes`, `fashion-mnist`, `cifar-10`), or a path: of what `load_folder` and
            `load_file` read; of an IDX file, compressed or not; of an HDF5, MATLAB 7.3 or Parquet file (extras `hdf5`
            and `parquet`); of a zip or tar archive of pictures; or of a folder with tar or Parquet files only, or one
            that `datasets.save_to_disk` wrote. It may name an array or a column in a file, `mnist.npz:x_train`, and
            several files, `train-{000..003}.tar`. A name has precedence over a path: write `./frey-faces` for a folder
            of that name.
        image_size: as in `load_folder`.
        grey: for a path, turn colour into grey.
        strict: for a folder, refuse it if a picture can't be read.
        levels: the stored values that become black and white, as in `as_images`; `"0:4095"` for 12 bits, or `"auto"`.
        labels: a table with a label for each image, as `read_labels` takes it. By default the sub-folders of a folder
            or an archive; `y_train` and `y_test` in an .npz file with `x_train` and `x_test`; beside an IDX file, that
            with `labels` in its name for `images`; of WebDataset, a `.cls`, `.txt` or `.json` file for each picture;
            of Parquet files, the column `label`, `class` or `target`.
        seed: the seed of the synthetic faces.
        progress: receives the progress; True draws bars on stderr, if that is a terminal.

    Raises:
        BadInput: there is no such name or path; it is damaged, holds no images or none that are clearly meant, or needs
            an extra that is not installed; a benchmark set lacks a file, or has one of other images; `load_folder` or
            `load_file` refuses it, or `read_labels` the table.
        DataUnavailable: no source has the Frey faces.
    """
    grey, strict, progress = truth("grey", grey), truth("strict", strict), checked_progress(progress)
    seed = whole("seed", seed, at_least=0)
    images = kind_of_source(source).load(
        source, image_size=image_size, grey=grey, strict=strict, levels=levels, seed=seed, progress=progress
    )
    if labels is None:
        return images
    return dataclasses.replace(images, labels=read_labels(labels, count=len(images), files=images.files))


def kind_of_source(source: str | Path) -> Source:
    """The kind of source that a name or a path means. Raises `BadInput` where there is none."""
    as_path("source", source)
    chosen = next((kind for kind in sorted(SOURCES.values(), key=_rank) if kind.accepts(source)), None)
    if chosen is not None:
        return chosen
    near = difflib.get_close_matches(str(source).lower().replace("_", "-"), NAMES, n=1, cutoff=0.7)
    hint = f"did you mean {near[0]}?" if near else f"give a folder, a file, or one of {', '.join(NAMES)}"
    raise BadInput(f"{printable(source)}: no such folder or file; {hint}")


def _rank(source: Source) -> tuple[bool, bool]:
    return not source.by_name, source.takes_the_rest
