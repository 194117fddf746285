"""What does a person mean by DATA: a data set's name, a folder, or a file?"""

import dataclasses
import difflib
from pathlib import Path

from freyvae.arguments import truth, whole
from freyvae.console import Progress, checked_progress, printable
from freyvae.data.array_file import load_file, split_array
from freyvae.data.frey_faces import load_frey_faces
from freyvae.data.image_folder import load_folder
from freyvae.data.image_size import ImageSize, fit_images, parse_image_size
from freyvae.data.images import ImageSet, convert
from freyvae.data.levels import Levels
from freyvae.data.synthetic_faces import synthetic_faces
from freyvae.errors import BadInput

NAMES = ("frey-faces", "synthetic-faces")


def load_images(
    source: str | Path,
    *,
    image_size: ImageSize = None,
    grey: bool = False,
    strict: bool = False,
    levels: Levels = None,
    seed: int = 0,
    progress: bool | Progress = False,
) -> ImageSet:
    """Load images from wherever `source` says.

    Args:
        source: `frey-faces`, `synthetic-faces`, or a path, of an array in a file too: `mnist.npz:x_train`. A name wins
            over a path: write `./frey-faces` for a folder of that name.
        image_size: as in `load_folder`.
        grey: for a path, turn colour into grey.
        strict: for a folder, refuse it if any picture can't be read.
        levels: which stored values become black and white, as in `as_images`; `"0:4095"` for 12 bits, or `"auto"`.
        seed: of the synthetic faces.
        progress: told how far it is; True draws bars on stderr, if that is a terminal.

    Raises:
        BadInput: no such name or path, or what `load_folder` and `load_file` refuse.
        DataUnavailable: the Frey faces can't be had.
    """
    grey, strict, progress = truth("grey", grey), truth("strict", strict), checked_progress(progress)
    seed = whole("seed", seed, at_least=0)
    if isinstance(source, str) and source in NAMES:
        size = parse_image_size(image_size)
        if source == "frey-faces":
            faces = ImageSet(images=load_frey_faces(progress=progress), name="frey-faces", is_video=True)
        else:
            faces = synthetic_faces(seed=seed)
        images, _, used = convert(faces.images, name=faces.name, levels=levels)
        return dataclasses.replace(faces, images=fit_images(images, size, grey=grey), levels=used)
    path = split_array(source)[0]
    if path.is_dir():
        return load_folder(path, image_size=image_size, grey=grey, strict=strict, levels=levels, progress=progress)
    if path.exists():
        return load_file(source, image_size=image_size, grey=grey, strict=strict, levels=levels, progress=progress)
    near = difflib.get_close_matches(str(source).lower().replace("_", "-"), NAMES, n=1, cutoff=0.7)
    hint = f"did you mean {near[0]}?" if near else f"give a folder, a file, {' or '.join(NAMES)}"
    raise BadInput(f"{printable(source)}: no such folder or file; {hint}")
