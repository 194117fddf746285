"""Compresses images to one file with a trained model, and decompresses them. Compares the size with the free energy."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from freyvae.arguments import function
from freyvae.compression.bits_back import WORD_BITS, BitsBack, WrongImages
from freyvae.compression.compressed_file import CompressedFile, fingerprint, read_compressed_file, this_writer
from freyvae.console import Progress, checked_progress, shown, silence
from freyvae.data import as_images, load_images
from freyvae.data.channels import OF_PICTURES, images_in_words
from freyvae.engine.memory import check_memory
from freyvae.errors import BadInput, FreyvaeError
from freyvae.evaluation import images_of_part, load_measured_data
from freyvae.files import as_path, making_folder, replacing, write_whole
from freyvae.metrics import lossless_bits_per_dim
from freyvae.run import Run, check_output, opened

# codes drawn for each image, to estimate its free energy
DRAWS = 16


@dataclass(frozen=True)
class Compressed:
    """Sizes of images as one compressed file. Bits per dimension are bits for each value of the images.

    Attributes:
        what: which images were compressed, in words.
        images: number of images.
        values: number of values in all images together.
        file_bytes: size of the file.
        header_bytes: size of the file's header, part of `file_bytes`.
        model_bytes: size of the model's file. Decompression needs it, and it is not in the compressed file.
        first_image_bits: size of the checksum, part of `file_bytes`. The first image's code is drawn with these bits.
        free_energy_bits_per_dim: the model's free energy, from 16 codes drawn for each image.
        seconds: time of compression, and of the decompression that verifies it.
        lossless_bits_per_dim: the same images in other formats, by the names of `metrics.lossless_bits_per_dim`.
    """

    what: str
    images: int
    values: int
    file_bytes: int
    header_bytes: int
    model_bytes: int
    first_image_bits: int
    free_energy_bits_per_dim: float
    seconds: float
    lossless_bits_per_dim: dict[str, float]

    @property
    def bits_per_dim(self) -> float:
        """Size of the file, in bits per dimension."""
        return 8 * self.file_bytes / self.values

    @property
    def first_image_bits_per_dim(self) -> float:
        """Size of the checksum that the first image's code is drawn with, in bits per dimension."""
        return self.first_image_bits / self.values

    @property
    def excess(self) -> float:
        """Relative excess of the file's size over the sum of the free energy and the first image's bits."""
        return self.bits_per_dim / (self.free_energy_bits_per_dim + self.first_image_bits_per_dim) - 1.0


def compress(
    run: Run | str | Path,
    data: str | Path | npt.ArrayLike | None = None,
    out: str | Path = "images.freyvae",
    *,
    split: str | None = None,
    levels: str | None = None,
    progress: bool | Progress = False,
    say: Callable[[str], None] | None = None,
) -> Compressed:
    """Write images losslessly to one file with a run's model, by bits back (Townsend, Bird & Barber 2019).

    The stream is decoded before it is written, and must give the same images.

    Args:
        run: a finished run, or its folder. Its likelihood must be a probability of bytes.
        data: `frey-faces`, `synthetic-faces`, or the path of a folder or file of images; or the images themselves,
            bytes (image, height, width) or (image, height, width, channel). The default is the run's own images of
            `split`.
        out: the file.
        split: which of the run's own images: `test`, `validation` or `training`; by default `test`.
        levels: for images given by path, the stored values that become black and white, `LOW:HIGH` or `auto`; by
            default the run's.
        progress: receives the progress; True draws bars on stderr, if that is a terminal.
        say: called with each remark about the images that are read, one line each.

    Raises:
        BadInput: an argument does not apply to these images, there is no such run, its model cannot code images, the
            images are not bytes or have another shape, the extra `compression` is not installed, or `out` cannot be
            written.
        FreyvaeError: this machine does not compute the same probabilities twice.
    """
    if data is not None and split is not None:
        raise BadInput("split=... chooses among the run's own images: leave it out, or the images")
    if levels is not None and not isinstance(data, str | Path):
        raise BadInput("levels=... is for images that are read from a path: leave it out, or give the path")
    out, progress = as_path("out", out), checked_progress(progress)
    run = opened(run, out)
    say = silence if say is None else function("say", say)
    given, what = _images_to_compress(
        run, data, out=out, split=split or "test", levels=levels, progress=progress, say=say
    )
    images = as_images(given, name="data")
    is_of_bytes = getattr(given, "dtype", None) == np.uint8  # nothing is rounded, and no copy is made to see it
    if not is_of_bytes and not np.array_equal(np.ravel(given), images.ravel()):
        raise BadInput(
            f"images of {np.asarray(given).dtype} would be rounded: only bytes, uint8, are compressed losslessly"
        )
    vae = run.load_model()
    if images.shape[1:] != vae.image_shape:
        raise BadInput(
            f"the model takes {images_in_words(vae.image_shape)}, but these are {images_in_words(images.shape[1:])}: "
            "they are not resized, since that would not be lossless"
        )
    coder = BitsBack(vae)
    free_energy = vae.free_energy(images, samples=DRAWS).total.astype(np.float64)
    if not np.isfinite(free_energy).all():
        raise BadInput(f"the free energy of some images under {run.folder} is not a number: the model is broken")
    began = time.perf_counter()
    with shown(progress) as told:
        stream = coder.encode(images, progress=told)
        try:
            decoded = coder.decode(stream, progress=told)
        except WrongImages:
            decoded = None
    if decoded is None or not np.array_equal(decoded, images):
        raise FreyvaeError(
            "the compressed stream does not decode to the same images: this machine does not compute the same "
            "probabilities twice; nothing was written (try JAX_PLATFORMS=cpu)"
        )
    seconds = time.perf_counter() - began
    file = CompressedFile(fingerprint(vae), vae.image_shape, this_writer(), stream)
    content = file.to_bytes()
    write_whole(out, content)
    return Compressed(
        what=what,
        images=len(images),
        values=images.size,
        file_bytes=len(content),
        header_bytes=file.header_bytes,
        model_bytes=run.model_path.stat().st_size,
        first_image_bits=stream.first_words * WORD_BITS,
        free_energy_bits_per_dim=float(free_energy.sum() / np.log(2.0) / images.size),
        seconds=seconds,
        lossless_bits_per_dim=lossless_bits_per_dim(images),
    )


def _images_to_compress(
    run: Run,
    data: str | Path | npt.ArrayLike | None,
    *,
    out: Path,
    split: str,
    levels: str | None,
    progress: bool | Progress,
    say: Callable[[str], None],
) -> tuple[npt.ArrayLike, str]:
    """The images, and a description of them. Raises `BadInput` if they cannot be read, or `out` is one of them."""
    if data is None:
        own = load_measured_data(run)
        return images_of_part(run, own, split), f"{split} images of {own.images.name}"
    if not isinstance(data, str | Path):
        check_output(out)
        return data, "images"
    check_output(out, data)
    levels = run.recipe.data.levels if levels is None else levels
    loaded = load_images(data, strict=True, levels=levels, progress=progress)
    for line in loaded.remarks:
        say(line)
    return loaded.images, f"images of {loaded.name}"


def decompress(
    run: Run | str | Path, file: str | Path, out: str | Path = "decompressed.npy", *, progress: bool | Progress = False
) -> np.ndarray:
    """Decompress a file that `compress` wrote, and write the images to `out`, bit for bit as they were.

    Args:
        run: the run that the file was compressed with, or its folder.
        file: the compressed file.
        out: a .npy file of uint8 (image, height, width, channel), or a new folder of PNGs.
        progress: receives the progress; True draws a bar on stderr, if that is a terminal.

    Returns:
        uint8 (image, height, width, channel).

    Raises:
        BadInput: the file is missing, damaged, of another format or of another model, its images do not fit into
            memory, or `out` cannot be written.
        FreyvaeError: this machine computes probabilities that differ from those of the machine that wrote the file.
    """
    file, out, progress = as_path("file", file), as_path("out", out), checked_progress(progress)
    written = out if out.suffix else out / "1.png"
    check_output(written, file)
    run = opened(run, written)
    if out.suffix not in ("", ".npy"):
        raise BadInput(f"{out.name} must end in .npy, or be a folder for PNGs")
    if not out.suffix and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BadInput(f"{out} exists and is not an empty folder: choose another with out=...")
    read = read_compressed_file(file)
    vae = run.load_model()
    if read.image_shape != vae.image_shape:
        raise BadInput(
            f"{file} holds {images_in_words(read.image_shape)}, but {run.folder} takes "
            f"{images_in_words(vae.image_shape)}"
        )
    if read.model != fingerprint(vae):
        raise BadInput(f"{file} was compressed with another model than that of {run.folder}: give the run that made it")
    if not out.suffix and vae.image_shape[2] not in OF_PICTURES:
        raise BadInput(f"a PNG has 1 or 3 channels, not {vae.image_shape[2]}: give the name of a .npy with out=...")
    check_memory("decompressed images", (read.stream.count, *read.image_shape), "uint8", "use a machine with more")
    try:
        with shown(progress) as told:
            images = BitsBack(vae).decode(read.stream, progress=told)
    except WrongImages as error:
        raise FreyvaeError(
            f"{file} does not decode here to the images that it was made of: their checksum is wrong. It was written "
            f"by {read.writer}, this is {this_writer()}, and the probabilities must be the same to the last bit"
        ) from error
    _write(images, out)
    return images


def _write(images: np.ndarray, out: Path) -> None:
    """Write the images as one array, or as PNGs in a folder; either all of them or none."""
    if out.suffix:
        with replacing(out) as path:
            np.save(path, images)
        return
    digits = len(str(len(images)))
    with making_folder(out) as folder:
        for number, image in enumerate(images, 1):
            picture = Image.fromarray(image[:, :, 0] if image.shape[2] == 1 else image)
            picture.save(folder / f"{number:0{digits}}.png", optimize=True)
