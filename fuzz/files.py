"""Files and folders of images: of any kind, depth and shape, odd or damaged, read with any arguments."""

import gzip
import io
import shutil
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from freyvae import load_images
from freyvae.data import ImageSet
from fuzz.case import Case, Fault
from fuzz.damage import damage_file, damaged
from fuzz.oracle import call
from fuzz.world import World

Write = Callable[[np.random.Generator], bytes]

DTYPES = ("u1", "<u2", ">u2", "i1", "<i4", "<i8", "<u8", "<f2", "<f4", ">f8", "?", "<c8", "<U3", "O", "M8[s]", "V4")
SHAPES = ((4, 6, 5), (4, 6, 5, 1), (4, 6, 5, 3), (4, 6, 5, 4), (4, 3, 6, 5), (6, 5), (4,), (), (0, 6, 5), (4, 0, 5))
TOPS = (1, 16, 63, 64, 255, 256, 1023, 4095, 65535, 2**31 - 1)
PICTURES = ("png", "jpg", "webp", "bmp", "gif", "tif", "pgm", "ppm", "jp2")
MODES = ("L", "RGB", "RGBA", "LA", "P", "1", "I;16", "I", "F", "CMYK")
# as they are, or wrong
SUFFIXES = ("npy", "npz", "mat", "zip", "tar", "h5", "parquet", "gz", *PICTURES)


def case(world: World, seed: int, number: int) -> Case:
    """Case `number` of a seed: one file or folder, and how it is read."""
    rng = np.random.default_rng([seed, number])
    kinds = [_array, _archive, _matlab, _picture, _folder, _idx, _hdf5, _zip, _tar, _table, _pack]
    kind = kinds[int(rng.integers(len(kinds)))]
    arguments = _arguments(rng)
    text = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
    return Case(f"load_images({kind.__name__.strip('_')}, {text})", lambda: read(kind(world, rng), arguments))


def read(path: Path, arguments: dict[str, Any]) -> None:
    """Read it. Raises `Fault` where what comes out is no set of images."""
    images = call(lambda: load_images(path, progress=False, **arguments))
    if images is not None:
        check(images)
        # what is read when it is asked for
        call(lambda: (images.images[:], tuple(images.names), tuple(images.labels or ())))


def check(images: ImageSet) -> None:
    """Raise `Fault` where a set does not hold what it says."""
    pixels = images.images
    if pixels.dtype != np.uint8 or pixels.ndim != 4 or pixels.shape[3] > 16 or 0 in pixels.shape:
        raise Fault(f"images of {pixels.dtype} {pixels.shape}")
    if images.files is not None and len(images.files) != len(pixels):
        raise Fault(f"{len(images.files)} files of {len(pixels)} images")
    if images.labels is not None and len(images.labels) != len(pixels):
        raise Fault(f"{len(images.labels)} labels of {len(pixels)} images")
    lines = [images.name, *images.notes, *images.unreadable]
    if any("\n" in line or "\x1b" in line for line in lines):
        raise Fault(f"control characters: {lines!r}")


def _arguments(rng: np.random.Generator) -> dict[str, Any]:
    sizes, levels = (None, None, "6x5", 4, (3, 3), "1000x1"), (None, None, None, "auto", "0:4095", (0, 1), "-1:1")
    return {
        "image_size": sizes[int(rng.integers(len(sizes)))],
        "grey": bool(rng.integers(2)),
        "strict": bool(rng.integers(2)),
        "levels": levels[int(rng.integers(len(levels)))],
    }


def _values(rng: np.random.Generator) -> np.ndarray:
    """An array of any kind and shape; half of them are images."""
    dtype = DTYPES[int(rng.integers(len(DTYPES)))]
    shape = SHAPES[int(rng.integers(3 if rng.random() < 0.5 else len(SHAPES)))]
    top = TOPS[int(rng.integers(len(TOPS)))]
    values = rng.integers(0, top + 1, shape)
    kind = np.dtype(dtype).kind
    if kind == "f":
        values = rng.random(shape) * (1 if rng.random() < 0.5 else top)
        if rng.random() < 0.2 and values.size:
            values.flat[0] = rng.choice([np.nan, np.inf, -1.0, 1.0000001])
    with np.errstate(all="ignore"):
        array = np.zeros(shape, dtype) if kind == "V" else np.asarray(values).astype(dtype)
    return np.asfortranarray(array) if rng.random() < 0.2 else array


def _saved(path: Path, content: bytes, rng: np.random.Generator) -> Path:
    """A file, damaged half of the time, and sometimes under a wrong name."""
    if rng.random() < 0.5:
        content = damaged(content, rng)
    if rng.random() < 0.1:
        path = path.with_suffix(f".{SUFFIXES[int(rng.integers(len(SUFFIXES)))]}")
    path.write_bytes(content)
    return path


def _array(world: World, rng: np.random.Generator) -> Path:
    content = io.BytesIO()
    np.save(content, _values(rng), allow_pickle=True)
    return _saved(world.scratch / "a.npy", content.getvalue(), rng)


def _archive(world: World, rng: np.random.Generator) -> Path:
    names = ("images", "x_train", "labels", "a b", "arr_0")
    arrays = {names[int(rng.integers(len(names)))]: _values(rng) for _ in range(int(rng.integers(1, 4)))}
    content = io.BytesIO()
    save = np.savez if rng.random() < 0.5 else np.savez_compressed
    save(content, **arrays)
    return _saved(world.scratch / "a.npz", content.getvalue(), rng)


def _matlab(world: World, rng: np.random.Generator) -> Path:
    import scipy.io

    values = _values(rng)
    if values.dtype.kind not in "buif" or values.dtype == np.float16:
        values = np.zeros((5, 6, 4), np.uint8)
    content = io.BytesIO()
    scipy.io.savemat(content, {"ff": values, "other": "x"}, do_compression=bool(rng.integers(2)))
    return _saved(world.scratch / "a.mat", content.getvalue(), rng)


def _picture(world: World, rng: np.random.Generator) -> Path:
    kind, content = _picture_bytes(rng, frames=int(rng.integers(1, 4)))
    return _saved(world.scratch / f"a.{kind}", content, rng)


def _folder(world: World, rng: np.random.Generator) -> Path:
    folder = world.scratch / "set"
    (folder / "deeper").mkdir(parents=True)
    for number in range(int(rng.integers(0, 6))):
        kind, content = _picture_bytes(rng, frames=1)
        _saved(folder / ("deeper" if rng.random() < 0.2 else "") / f"{number}.{kind}", content, rng)
    if rng.random() < 0.3:
        (folder / "notes.txt").write_text("no picture")
        (folder / "folder.png").mkdir()
        (folder / "loop.png").symlink_to("loop.png")
        (folder / "up").symlink_to("..")
    return folder


def _idx(world: World, rng: np.random.Generator) -> Path:
    values = rng.integers(0, 256, SHAPES[int(rng.integers(len(SHAPES)))], dtype=np.uint8)
    content = struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape) + values.tobytes()
    return _saved(world.scratch / "a-idx3-ubyte", gzip.compress(content) if rng.random() < 0.5 else content, rng)


def _hdf5(world: World, rng: np.random.Generator) -> Path:
    import h5py

    values, content = _values(rng), io.BytesIO()
    with h5py.File(content, "w", userblock_size=512 * int(rng.integers(2))) as file:
        file["group/images"] = values if values.dtype.kind in "buif" else np.zeros((5, 6, 4), np.uint8)
    return _saved(world.scratch / ("a.h5" if rng.random() < 0.5 else "a.mat"), content.getvalue(), rng)


def _zip(world: World, rng: np.random.Generator) -> Path:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", int(rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))) as archive:
        for name, picture in dict(_named_pictures(rng)).items():
            archive.writestr(name, picture)
    return _saved(world.scratch / "a.zip", content.getvalue(), rng)


def _tar(world: World, rng: np.random.Generator) -> Path:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode=("w", "w:gz", "w:xz")[int(rng.integers(3))]) as archive:
        for name, picture in [*_named_pictures(rng), ("a/0.cls", b"7"), ("1.json", b'{"label": 3}')]:
            member = tarfile.TarInfo(name)
            member.size, member.type = len(picture), tarfile.REGTYPE if rng.random() < 0.9 else rng.bytes(1)
            archive.addfile(member, io.BytesIO(picture))
    return _saved(world.scratch / "a.tar", content.getvalue(), rng)


def _table(world: World, rng: np.random.Generator) -> Path:
    import pyarrow as pa
    from pyarrow import parquet

    named = _named_pictures(rng)
    pictures = [{"bytes": content, "path": name} for name, content in named]
    labels = ([None], ["x"], [3.0], [2], [b"x"])[int(rng.integers(5))]
    name = ("label", "class", "other")[int(rng.integers(3))]
    columns = {
        "image": pictures if rng.random() < 0.7 else [content for _, content in named],
        name: labels * len(named),
    }
    content = io.BytesIO()
    parquet.write_table(pa.table(columns), content)
    return _saved(world.scratch / "a.parquet", content.getvalue(), rng)


def _pack(world: World, rng: np.random.Generator) -> Path:
    folder = world.scratch / "a.pack"
    shutil.copytree(world.pack, folder)
    files = sorted(folder.iterdir())
    damage_file(files[int(rng.integers(len(files)))], files, rng)
    return folder


def _named_pictures(rng: np.random.Generator) -> list[tuple[str, bytes]]:
    names = ("a", "a/0", "b/1", "../up", "/abs", "x\n\x1b", ".hidden", "a/b")
    pictures = [_picture_bytes(rng, frames=1) for _ in range(int(rng.integers(0, 5)))]
    return [(f"{names[int(rng.integers(len(names)))]}.{kind}", content) for kind, content in pictures]


def _picture_bytes(rng: np.random.Generator, *, frames: int) -> tuple[str, bytes]:
    """A picture's suffix and content: a PNG where its mode is none of the kind's."""
    kind, mode = PICTURES[int(rng.integers(len(PICTURES)))], MODES[int(rng.integers(len(MODES)))]
    pictures = [_pillow_picture(mode, rng) for _ in range(frames)]
    several: dict[str, Any] = (
        {"save_all": True, "append_images": pictures[1:]} if kind in ("gif", "tif", "webp") else {}
    )
    content = io.BytesIO()
    try:
        pictures[0].save(content, format=Image.registered_extensions()[f".{kind}"], **several)
    except (OSError, ValueError, KeyError, RuntimeError):  # each encoder has its own
        kind, content = "png", io.BytesIO()
        pictures[0].convert("RGB").save(content, format="PNG")
    return kind, content.getvalue()


def _pillow_picture(mode: str, rng: np.random.Generator) -> Image.Image:
    size = (5, 6) if rng.random() < 0.8 else (int(rng.integers(1, 9)), int(rng.integers(1, 9)))
    if mode in ("I;16", "I", "F"):
        top = TOPS[int(rng.integers(len(TOPS) - 1))]
        dtype = {"I;16": np.uint16, "I": np.int32, "F": np.float32}[mode]
        return Image.fromarray(rng.integers(0, top + 1, size[::-1]).astype(dtype))
    return Image.fromarray(rng.integers(0, 256, (*size[::-1], 3), dtype=np.uint8)).convert(mode)
