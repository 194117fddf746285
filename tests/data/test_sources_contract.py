"""The kinds of files that hold images: what every kind gives, how it is damaged, and what is its own."""

import bz2
import gzip
import io
import json
import lzma
import re
import stat
import struct
import sys
import tarfile
import tempfile
import zipfile
from collections import namedtuple
from pathlib import Path
from unittest.mock import Mock

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from freyvae.data import as_images, fit_images, load_file, load_images, pack, packing
from freyvae.data.pack import PackWriter
from freyvae.data.sources import SOURCES
from freyvae.errors import BadInput
from freyvae.flags import chosen_recipe

IMAGES = np.random.default_rng(0).integers(0, 256, (12, 6, 4, 3), dtype=np.uint8)
NUMBERS = np.repeat(np.array([0, 1], np.uint8), 6)
DIGITS, ANIMALS = ("0",) * 6 + ("1",) * 6, ("cat",) * 6 + ("dog",) * 6
ROWS = tuple(map(str, range(12)))
IDX_CODES = {"u1": 8, "i1": 9, ">i2": 11, ">i4": 12, ">f4": 13, ">f8": 14}

Kind = namedtuple("Kind", "source make files labels name")
KINDS = {}


def kind(source, *, files=None, labels=None, name="cells"):
    """Enter a function that writes the 12 images to a folder, and returns what to give to `load_images`."""

    def enter(make):
        KINDS[make.__name__] = Kind(source, make, files, labels, name)
        return make

    return enter


def png(image):
    content = io.BytesIO()
    Image.fromarray(image).save(content, format="PNG")
    return content.getvalue()


def idx_of(values, dtype="u1"):
    header = struct.pack(f">HBB{values.ndim}I", 0, IDX_CODES[dtype], values.ndim, *values.shape)
    return header + values.astype(dtype).tobytes()


def write_tar(path, members, mode="w"):
    """A tar archive of (name, content), or of (name, content, type of the member)."""
    with tarfile.open(path, mode) as archive:
        for name, content, *kind in members:
            member = tarfile.TarInfo(name)
            member.size, member.linkname = len(content), "/etc/passwd"
            member.type = kind[0] if kind else tarfile.REGTYPE
            archive.addfile(member, io.BytesIO(content))
    return path


def in_folders(top=""):
    return [(f"{top}{ANIMALS[i]}/{i}.png", png(image)) for i, image in enumerate(IMAGES)]


def samples(rows, suffix, label):
    """WebDataset's pairs of files."""
    return [pair for i in rows for pair in ((f"{i:06}.png", png(IMAGES[i])), (f"{i:06}.{suffix}", label(i)))]


def table_of(rows, *, names=("cat", "dog"), path=lambda i: None, **more):
    """A table as `datasets` writes it, with the names of its classes in the metadata of its schema."""
    features = {"image": {"_type": "Image"}, "label": {"_type": "ClassLabel", "names": names}}
    schema = pa.schema(
        [("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])), ("label", pa.int64())],
        metadata={"huggingface": json.dumps({"info": {"features": features}})},
    )
    pictures = [{"bytes": png(IMAGES[i]), "path": path(i)} for i in rows]
    return pa.table({"image": pictures, "label": [int(NUMBERS[i]) for i in rows]}, schema=schema)


def save_to_disk(folder, rows):
    """What `Dataset.save_to_disk` writes, in two files."""
    folder.mkdir()
    names = [f"data-0000{part}-of-00002.arrow" for part in range(2)]
    for name, half in zip(names, np.array_split(rows, 2), strict=True):
        table = table_of(half)
        with pa.OSFile(str(folder / name), "wb") as file, pa.ipc.new_stream(file, table.schema) as stream:
            stream.write_table(table)
    (folder / "state.json").write_text(json.dumps({"_data_files": [{"filename": name} for name in names]}))
    (folder / "dataset_info.json").write_text("{}")


@kind("idx", labels=DIGITS, name="train-images-idx4-ubyte")
def idx(folder):
    (folder / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx_of(NUMBERS)))
    (folder / "train-images-idx4-ubyte.gz").write_bytes(gzip.compress(idx_of(IMAGES)))
    return folder / "train-images-idx4-ubyte.gz"


@kind("idx")
def idx_of_another_name(folder):
    (folder / "cells.bin").write_bytes(idx_of(IMAGES))
    return folder / "cells.bin"


@kind("keras-arrays", labels=DIGITS)
def keras(folder):
    parts = {"x_train": IMAGES[:8], "y_train": NUMBERS[:8, None], "x_test": IMAGES[8:], "y_test": NUMBERS[8:, None]}
    np.savez_compressed(folder / "cells.npz", **parts)
    return folder / "cells.npz"


@kind("archive", files=tuple(f"cells/{ANIMALS[i]}/{i}.png" for i in range(12)), labels=ANIMALS)
def zipped(folder):
    with zipfile.ZipFile(folder / "cells.zip", "w") as archive:
        for name, content in reversed(in_folders("cells/")):
            archive.writestr(name, content)
    return folder / "cells.zip"


@kind("archive", files=tuple(f"{ANIMALS[i]}/{i}.png" for i in range(12)), labels=ANIMALS)
def tar_gz(folder):
    return write_tar(folder / "cells.tar.gz", in_folders("./"), "w:gz")


@kind("archive", files=tuple(f"{i:06}.png" for i in range(12)), labels=DIGITS)
def webdataset(folder):
    return write_tar(folder / "cells.tar", samples(range(12), "cls", lambda i: b"%d\n" % NUMBERS[i]))


@kind("archive", files=tuple(f"cells-{i // 4:02}.tar/{i:06}.png" for i in range(12)), labels=DIGITS)
def shards(folder):
    folder = folder / "cells"
    folder.mkdir()
    (folder / "README.md").write_text("three shards")
    for shard in range(3):
        rows = range(4 * shard, 4 * shard + 4)
        write_tar(folder / f"cells-{shard:02}.tar", samples(rows, "cls", lambda i: b"%d" % NUMBERS[i]))
    return folder


@kind("archive", files=tuple(f"cells-{i // 4:02}.tar/{i:06}.png" for i in range(12)), labels=DIGITS)
def pattern(folder):
    return shards(folder) / "cells-{00..02}.tar"


@kind("hdf5")
def hdf5(folder):
    with h5py.File(folder / "cells.h5", "w") as file:
        file["group/pictures"], file["y"] = IMAGES, NUMBERS
    return folder / "cells.h5"


@kind("hdf5")
def matlab(folder):
    with h5py.File(folder / "cells.mat", "w", userblock_size=512) as file:
        file["X"] = np.moveaxis(IMAGES, 0, -1).T
        file["words"] = np.zeros((9, 5, 3), np.uint16)
        for name, its_class in (("X", b"uint8"), ("words", b"char")):
            file[name].attrs["MATLAB_class"] = np.bytes_(its_class)
    with (folder / "cells.mat").open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\0\2IM")
    return folder / "cells.mat"


@kind("parquet", files=tuple(f"{i}.png" for i in range(12)), labels=ANIMALS)
def parquet(folder):
    pq.write_table(table_of(range(12), path=lambda i: f"{i}.png"), folder / "cells.parquet", row_group_size=5)
    return folder / "cells.parquet"


@kind("parquet", files=ROWS, labels=ANIMALS)
def parquet_of_bytes(folder):
    columns = {"img": [png(image) for image in IMAGES], "class": list(ANIMALS), "other": [b""] * 12}
    pq.write_table(pa.table(columns), folder / "cells.parquet")
    return folder / "cells.parquet"


@kind("parquet", files=ROWS, labels=ANIMALS)
def parquet_folder(folder):
    folder = folder / "cells"
    folder.mkdir()
    for part, rows in enumerate((range(7), range(7, 12))):
        pq.write_table(table_of(rows), folder / f"train-0000{part}-of-00002.parquet")
    return folder


@kind("saved-dataset", files=ROWS, labels=ANIMALS)
def saved(folder):
    save_to_disk(folder / "cells", range(12))
    return folder / "cells"


@kind("saved-dataset", files=ROWS, labels=ANIMALS)
def saved_in_parts(folder):
    (folder / "cells").mkdir()
    save_to_disk(folder / "cells/train", range(8))
    save_to_disk(folder / "cells/test", range(8, 12))
    (folder / "cells/dataset_dict.json").write_text(json.dumps({"splits": ["train", "test"]}))
    return folder / "cells"


def refusal(path, **choices):
    with pytest.raises(BadInput) as refused:
        load_images(path, **choices)
    line = str(refused.value)
    assert line.isprintable()
    assert "unpacked-" not in line
    return line


@pytest.fixture(autouse=True)
def temporary(tmp_path_factory, monkeypatch):
    """The folder for temporary files, of which none must be left."""
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert not list(folder.iterdir())


@pytest.mark.parametrize("name", KINDS)
def test_one_source_accepts_each_kind_and_reads_it(tmp_path, name):
    kind = KINDS[name]
    path = kind.make(tmp_path)
    accepting = [name for name, source in SOURCES.items() if source.accepts(path) and not source.takes_the_rest]
    assert accepting == [kind.source]
    images = load_images(path)
    np.testing.assert_array_equal(images.images, IMAGES)
    assert (images.files, images.labels, images.name) == (kind.files, kind.labels, kind.name)
    assert len(images.names) == 12
    assert images.unreadable == ()
    packed = pack(path, tmp_path / "packed" / "cells.pack")
    np.testing.assert_array_equal(packed[:], IMAGES)
    assert (packed.name, tuple(packed.files or ()), packed.remarks) == (kind.name, kind.files or (), images.remarks)
    assert (None if packed.labels is None else tuple(packed.labels)) == kind.labels


@pytest.mark.parametrize("name", ["zipped", "webdataset", "parquet", "saved"])
def test_what_is_unpacked_is_packed_a_few_pictures_at_a_time(tmp_path, monkeypatch, name):
    path, written = KINDS[name].make(tmp_path), []
    monkeypatch.setattr(packing, "_IMAGES_AT_ONCE", 4)
    add = PackWriter.add
    monkeypatch.setattr(
        PackWriter, "add", lambda self, images, *more: (written.append(len(images)), add(self, images, *more))
    )
    pack(path, tmp_path / "packed.pack")
    assert written == [4, 4, 4]


@pytest.mark.parametrize("name", ["zipped", "parquet"])
def test_the_packing_of_what_is_unpacked_goes_on_and_names_its_pictures(tmp_path, monkeypatch, name):
    path, out = KINDS[name].make(tmp_path), tmp_path / "packed.pack"
    monkeypatch.setattr(packing, "_IMAGES_AT_ONCE", 4)
    with monkeypatch.context() as patched:
        add = PackWriter.add

        def stop_at_the_second(self, *images):
            if self.contents.images:
                raise KeyboardInterrupt
            add(self, *images)

        patched.setattr(PackWriter, "add", stop_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            pack(path, out)
    assert tuple(pack(path, out).files) == KINDS[name].files
    np.testing.assert_array_equal(load_images(out)[:], IMAGES)
    with pytest.raises(BadInput, match="is a finished pack"):
        pack(path, out)
    (tmp_path / "small").mkdir()
    write_tar(tmp_path / "small/cells.tar", [("a.png", png(IMAGES[0])), ("b.png", png(IMAGES[1][:3]))])
    with pytest.raises(BadInput, match=r"cells\.tar: pictures of different sizes") as refused:
        pack(tmp_path / "small/cells.tar", tmp_path / "other.pack")
    assert "unpacked-" not in str(refused.value)
    assert not (tmp_path / "other.pack").exists()


@pytest.mark.parametrize("name", KINDS)
def test_choices_mean_the_same_of_each_kind(tmp_path, name):
    path = KINDS[name].make(tmp_path)
    (tmp_path / "labels.csv").write_text("stage\n" + "\n".join(f"stage {i}" for i in range(12)))
    images = load_images(str(path), levels="0:100", grey=True, strict=True, labels=f"{tmp_path / 'labels.csv'}:stage")
    expected = fit_images(as_images(IMAGES, levels="0:100"), None, grey=True)
    np.testing.assert_array_equal(images.images, expected)
    assert images.levels == "0:100"
    assert images.labels == tuple(f"stage {i}" for i in range(12))
    assert load_images(path, image_size="5x3").images.shape == (12, 5, 3, 3)


@pytest.mark.parametrize("keep", [0, 4, 0.5, 0.9])
@pytest.mark.parametrize("name", KINDS)
def test_a_kind_that_is_cut_short_is_refused_in_a_line(tmp_path, name, keep):
    path = KINDS[name].make(tmp_path)
    if path.is_dir() or "{" in path.name:
        *_, file = sorted(file for file in tmp_path.rglob("*") if file.suffix in (".tar", ".parquet", ".arrow"))
    else:
        file = path
    content = file.read_bytes()
    size = len(content.rstrip(b"\0"))  # a tar archive ends in blocks of zeros
    file.write_bytes(content[: keep if keep > 1 else int(keep * size) // 2 * 2 + (keep > 0)])
    if file.suffix == ".bin" and keep in (0, 4):  # nothing in it says that it was an IDX file
        assert "can't read images from this kind of file" in refusal(path)
    else:
        assert f"{file}: damaged, cut short or not a" in refusal(path)


@pytest.mark.parametrize("damage", [lambda path: path.chmod(0), lambda path: path.write_bytes(b"\x80\4\x95 pickled")])
@pytest.mark.parametrize("suffix", ["zip", "tar", "h5", "parquet"])
def test_what_is_wrong_with_a_file_is_said_whatever_its_name(tmp_path, monkeypatch, suffix, damage):
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(b"x")
    real = Path.open

    def closed(path, *arguments, **named):  # root may read anything
        if not path.stat().st_mode & stat.S_IRUSR:
            raise PermissionError(13, "Permission denied")
        return real(path, *arguments, **named)

    monkeypatch.setattr(Path, "open", closed)
    damage(path)
    line = refusal(path)
    assert "can't be read (Permission denied)" in line or "holds a pickle, which can run code" in line


@pytest.mark.parametrize("name", ["idx", "zipped", "webdataset", "matlab", "parquet"])
def test_load_file_says_who_reads_other_kinds(tmp_path, name):
    with pytest.raises(BadInput, match=r": an? .*; load_images reads it"):
        load_file(KINDS[name].make(tmp_path))


def test_a_run_finds_every_kind_from_wherever_it_is_looked_at(tmp_path, monkeypatch):
    path = pattern(tmp_path)
    monkeypatch.chdir(tmp_path)
    recipe = chosen_recipe("cells/cells-{00..02}.tar", None, None)
    assert (recipe.data.source, recipe.name) == (str(path), "cells")
    hdf5(tmp_path)
    assert chosen_recipe("cells.h5:group/pictures", None, None).data.source == f"{tmp_path / 'cells.h5'}:group/pictures"
    tar_gz(tmp_path)
    assert chosen_recipe("cells.tar.gz", None, None).name == "cells"


# IDX


@pytest.mark.parametrize("dtype", IDX_CODES)
def test_every_type_of_idx_passes_the_gate(tmp_path, dtype):
    values = IMAGES[..., 0] // 2
    (tmp_path / "a").write_bytes(idx_of(values, dtype))
    np.testing.assert_array_equal(load_images(tmp_path / "a", levels="0:255").images[..., 0], values)
    if dtype == ">f4":
        assert "a: float32 pixels from 0 to 127" in refusal(tmp_path / "a")


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
def test_an_idx_file_may_be_compressed_in_any_way(tmp_path, compress):
    (tmp_path / "a.npy").write_bytes(compress(idx_of(IMAGES)))
    np.testing.assert_array_equal(load_images(tmp_path / "a.npy").images, IMAGES)


def test_labels_of_idx_belong_to_images(tmp_path):
    path = tmp_path / "t10k-images.idx3-ubyte"
    path.write_bytes(idx_of(IMAGES[..., 0]))
    assert load_images(path).labels is None
    beside = tmp_path / "t10k-labels.idx1-ubyte"
    beside.write_bytes(idx_of(NUMBERS))
    assert load_images(path).labels == DIGITS
    assert "an IDX file of shape (12,): labels, not images; give the file of images" in refusal(beside)
    beside.write_bytes(idx_of(NUMBERS[1:]))
    assert "t10k-labels.idx1-ubyte: labels of shape (11,) beside 12 images; remove it" in refusal(path)


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_an_idx_file_that_claims_more_than_it_holds_or_memory_has(tmp_path, monkeypatch, compress):
    header = struct.pack(">HBB3I", 0, 8, 3, 10**6, 1000, 1000)
    (tmp_path / "a").write_bytes(compress(header + b"\0" * 5000))
    monkeypatch.setattr("freyvae.memory.free_bytes_of_machine", lambda: 10**9)
    assert "damaged, cut short" in refusal(tmp_path / "a") or "needs 931.3 GiB of memory" in refusal(tmp_path / "a")
    (tmp_path / "a").write_bytes(compress(idx_of(IMAGES) + b"\0"))
    assert "damaged, cut short or not an IDX file" in refusal(tmp_path / "a")


# Keras's arrays


def test_a_part_of_kerass_file_has_the_labels_of_that_part(tmp_path):
    path = keras(tmp_path)
    both = load_images(path)
    assert both.notes == ("8 of x_train and 4 of x_test, in this order; cells.npz:x_train is read alone",)
    part = load_images(f"{path}:x_test")
    np.testing.assert_array_equal(part.images, IMAGES[8:])
    assert (part.labels, part.notes) == (DIGITS[8:], ())
    np.savez(path, x_train=IMAGES, y_train=np.eye(12), images=IMAGES[:3])
    one = load_images(f"{path}:x_train")
    assert one.labels is None
    assert one.notes == ("y_train is float64 (12, 12), and not a label for each of 12 images: it was left out",)
    assert len(load_images(path).images) == 3


def test_parts_of_kerass_file_that_do_not_fit_together(tmp_path):
    parts = {"x_train": IMAGES, "y_train": NUMBERS, "x_test": IMAGES[..., 0] / 255, "y_test": NUMBERS}
    np.savez(tmp_path / "a.npz", **parts)
    line = refusal(tmp_path / "a.npz")
    assert "x_train and x_test are of different kinds, uint8 (12, 6, 4, 3) and float64 (12, 6, 4); give one" in line


# archives


@pytest.mark.parametrize(("mode", "suffix"), [("w", "tar"), ("w:bz2", "tar.bz2"), ("w:xz", "txz"), ("w:gz", "bin")])
def test_a_tar_archive_may_be_compressed_in_any_way(tmp_path, mode, suffix):
    path = write_tar(tmp_path / f"a.{suffix}", in_folders(), mode)
    np.testing.assert_array_equal(load_images(path).images, IMAGES)


def test_what_leads_out_of_an_archive_or_is_no_file_is_passed_over(tmp_path):
    outside = [(name, png(IMAGES[0])) for name in ("../up.png", "/abs.png", "a/../../b.png", "C:/d.png")]
    special = [("l.png", b"", tarfile.SYMTYPE), ("h.png", b"", tarfile.LNKTYPE), ("dev.png", b"", tarfile.CHRTYPE)]
    hidden = [(name, png(IMAGES[0])) for name in (".a.png", ".git/a.png", "__MACOSX/a.png")]
    good = [("a.png", png(IMAGES[1])), ("a.png", png(IMAGES[2])), ("a.png/new\nline.PNG", png(IMAGES[3]))]
    files = [("notes.txt", b"x"), ("broken.png", b"x"), (f"{'x' * 2000}.png", png(IMAGES[0]))]
    images = load_images(write_tar(tmp_path / "a.tar", [*outside, *special, *hidden, *good, *files]))
    assert images.files == ("a.png", "a.png/new\nline.PNG")
    np.testing.assert_array_equal(images.images, IMAGES[2:4])  # the later of two of one name, as tar has it
    assert images.unreadable == ("broken.png: not a picture of a kind we read",)
    assert images.notes == (
        "passed over: 4 with a path that leads out of the archive, 3 hidden, 3 link, device or pipe, 1 .txt, "
        "1 with a name that is too long",
    )
    assert "a.tar: unreadable: broken.png" in refusal(tmp_path / "a.tar", strict=True)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name, content in [*outside, ("dog\\1.png", png(IMAGES[4])), ("cat/2.png", png(IMAGES[5]))]:
            archive.writestr(name, content)
        link = zipfile.ZipInfo("link.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    images = load_images(tmp_path / "a.zip")
    assert (images.files, images.labels) == (("cat/2.png", "dog/1.png"), ("cat", "dog"))
    assert images.notes == ("passed over: 4 with a path that leads out of the archive, 1 link, device or pipe",)


def test_pictures_of_an_archive_are_named_in_refusals(tmp_path):
    small = png(IMAGES[0, :3])
    path = write_tar(tmp_path / "a.tar", [*in_folders(), ("dog/new\nline.png", small)])
    assert refusal(path).startswith(f"{path}: dog/new\\nline.png is 3x4 (height x width), and all 12 others are 6x4;")


def test_an_archive_without_pictures_says_what_it_holds(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("deep/x.npy", b"")
    assert f"holds deep/x.npy, and no pictures: unpack it, `python -m zipfile -e {path} images`, and" in refusal(path)
    write_tar(tmp_path / "a.tar", [("a.txt", b""), ("b.csv", b"")])
    assert "no pictures in this archive (passed over: 1 .csv, 1 .txt); it needs files" in refusal(tmp_path / "a.tar")


def test_an_encrypted_zip_is_refused(tmp_path):
    path = zipped(tmp_path)
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(content)
    assert refusal(path) == f"{path}: encrypted: unpack it with its password, and give the folder"


@pytest.mark.parametrize("suffix", ["zip", "tar.gz"])
def test_bombs_and_full_disks_are_noticed_before_anything_is_written(tmp_path, monkeypatch, suffix):
    path, zeros = tmp_path / f"a.{suffix}", bytes(3 * 10**6)
    if suffix == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.bmp", zeros)
    else:
        write_tar(path, [("a.bmp", zeros), ("b.txt", b"")], "w:gz")
    monkeypatch.setattr("shutil.disk_usage", lambda path: namedtuple("usage", "free")(10**6))
    assert "a.bmp" not in refusal(path)
    assert re.search("its pictures need [0-9.]+ MiB, more than the 1.0 MiB that are free in", refusal(path))
    monkeypatch.undo()
    monkeypatch.setattr("freyvae.data.sources.archive._MOST_OF_SMALL", 10**6)
    assert "more than 200 times as large when it is unpacked, a decompression bomb?" in refusal(path)


def test_tar_archives_with_damaged_headers(tmp_path):
    content = write_tar(tmp_path / "a.tar", in_folders()).read_bytes()
    for kind in b"0LKxS":
        header = bytearray(content[:512])
        header[124:136], header[156] = b"\xff" * 12, kind  # a size of -1, which leads back to itself
        header[148:156] = b" " * 8
        header[148:156] = b"%06o\0 " % sum(header)
        (tmp_path / "a.tar").write_bytes(bytes(header) + content[512:])
        assert "damaged, cut short or not a tar archive" in refusal(tmp_path / "a.tar")
    second = content.index(b"cat/1.png")
    (tmp_path / "a.tar").write_bytes(content[:second] + b"x" + content[second + 1 :])
    assert "damaged, cut short or not a tar archive" in refusal(tmp_path / "a.tar")
    (tmp_path / "a.tar").write_bytes(content[:second])
    assert load_images(tmp_path / "a.tar").notes == ("a.tar has no end mark: it may be cut short",)


def test_labels_of_webdataset_are_from_the_first_of_three_kinds_of_file(tmp_path):
    def labels(members):
        return load_images(write_tar(tmp_path / "a.tar", members))

    as_json = samples(range(12), "json", lambda i: b'{"class": "%s"}' % ANIMALS[i].encode())
    assert labels(as_json).labels == ANIMALS
    as_text = samples(range(12), "txt", lambda i: ANIMALS[i].upper().encode())
    assert labels([*as_json, *as_text[1::2]]).labels == tuple(map(str.upper, ANIMALS))
    assert labels([*as_json, *as_text[1::2], ("000003.cls", b"7")]).labels[3] == "7"
    described = samples(range(12), "txt", lambda i: b"caption %d" % i)
    assert labels([*described, *as_json[1::2]]).labels == ANIMALS
    captions = labels(described)
    assert captions.labels is None
    assert captions.notes == (
        "every picture has a text of its own: they were not taken as labels",
        "passed over: 12 .txt",
    )
    part = labels([*samples(range(4), "cls", lambda i: b"1"), *samples(range(4, 12), "json", lambda i: b"[" * 10**4)])
    assert (part.labels, part.notes) == (None, ("4 of 12 pictures have a label, so the labels were left out",))


def test_a_pattern_names_files_that_are_there(tmp_path):
    folder = shards(tmp_path)
    assert load_images(folder / "cells-{01..01}.tar").labels == DIGITS[4:8]
    assert "there is no" in refusal(folder / "cells-{01..04}.tar")
    assert "cells-03.tar and 1 more; give the numbers that there are" in refusal(folder / "cells-{01..04}.tar")
    assert "the numbers must go up, for at most 100,000 files" in refusal(folder / "cells-{0..100000}.tar")
    (folder / "a.png").write_bytes(png(IMAGES[0]))
    assert len(load_images(folder).images) == 1  # a folder of pictures, with tar files beside them


# HDF5


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("Unable to synchronously open file (unable to lock file, errno = 11)", "another program has it open to write"),
        ("Can't synchronously read data (required filter 'blosc' is not registered)", "save it without compression"),
        ("Unable to synchronously open file (truncated file: eof = 96)", "damaged, cut short or not an HDF5 file"),
    ],
)
def test_hdf5_says_why_it_cannot_be_read(tmp_path, monkeypatch, said, line):
    path = hdf5(tmp_path)
    monkeypatch.setattr(h5py, "File", Mock(side_effect=OSError(said)))
    with pytest.raises(BadInput, match=line):
        load_images(path)


def test_an_array_of_hdf5_is_named_where_there_are_several(tmp_path):
    path = hdf5(tmp_path)
    with h5py.File(path, "a") as file:
        file["others"] = IMAGES[:2]
    line = refusal(path)
    assert "holds several numeric arrays (group/pictures, others); call the one to read `images`, or" in line
    np.testing.assert_array_equal(load_images(f"{path}:/group/pictures").images, IMAGES)
    assert "a.h5: no such folder or file" in refusal(tmp_path / "a.h5")
    assert "holds no numeric array 'z', but group/pictures, others, y" in refusal(f"{path}:z")
    assert "shape (12,) is not (image, height, width)" in refusal(f"{path}:y")
    with h5py.File(path, "a") as file:
        file["images"] = IMAGES[:3]
    assert len(load_images(path).images) == 3


def test_an_hdf5_file_that_claims_more_than_it_holds_or_memory_has(tmp_path, monkeypatch):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("images", (10**6, 1000, 1000), np.uint8, chunks=(1, 1000, 1000))
        file.create_dataset("elsewhere", (2, 5, 5), np.uint8, external=[("/etc/passwd", 0, 50)])
        file.create_dataset("large", data=np.zeros((100, 100, 100), np.uint8))
    monkeypatch.setattr("freyvae.memory.free_bytes_of_machine", lambda: 10**5)
    assert "damaged, cut short or not an HDF5 file" in refusal(tmp_path / "a.h5")
    assert "/elsewhere lies in other files; save it in one" in refusal(f"{tmp_path / 'a.h5'}:elsewhere")
    assert "needs 0.0 GiB of memory" in refusal(f"{tmp_path / 'a.h5'}:large")


def test_matlab_keeps_masks_as_bytes_and_pixels_in_columns(tmp_path):
    with h5py.File(tmp_path / "a.mat", "w") as file:
        file["mask"] = np.moveaxis(IMAGES[..., 0] > 99, 0, -1).T.astype(np.uint8)
        file["mask"].attrs["MATLAB_class"] = np.bytes_("logical")
        file["columns"] = IMAGES[..., 0].reshape(12, 24)
    masks = load_images(f"{tmp_path / 'a.mat'}:mask").images[..., 0]
    np.testing.assert_array_equal(masks, 255 * (IMAGES[..., 0] > 99))
    columns = load_images(f"{tmp_path / 'a.mat'}:columns", image_size="6x4").images[..., 0]
    np.testing.assert_array_equal(columns, IMAGES[..., 0])


@pytest.mark.parametrize(
    ("name", "module", "extra"),
    [("hdf5", "h5py", "hdf5"), ("parquet", "pyarrow", "parquet"), ("saved", "pyarrow", "parquet")],
)
def test_without_its_library_the_extra_is_named(tmp_path, monkeypatch, name, module, extra):
    path = KINDS[name].make(tmp_path)
    for loaded in [module, *(other for other in sys.modules if other.startswith(f"{module}."))]:
        monkeypatch.setitem(sys.modules, loaded, None)
    assert f'need the extra: pip install "freyvae[{extra}]" installs it' in refusal(path)


# tables


def test_a_column_of_pictures_is_named_where_there_are_several(tmp_path):
    path = tmp_path / "a.parquet"
    table = table_of(range(12))
    pq.write_table(table.rename_columns(["left", "label"]).append_column("right", table["image"]), path)
    assert f"holds several columns of pictures (left, right); name one: {path}:left" in refusal(path)
    np.testing.assert_array_equal(load_images(f"{path}:right").images, IMAGES)
    assert "holds no column of pictures 'up', but left, right" in refusal(f"{path}:up")
    pq.write_table(pa.table({"data": [png(image) for image in IMAGES], "label": DIGITS}), path)
    assert f"no column of pictures, but data, label; name the one that holds files of pictures: {path}:data" in refusal(
        path
    )
    assert load_images(f"{path}:data").labels == DIGITS
    pq.write_table(pa.table({"label": DIGITS}), path)
    assert refusal(path) == f"{path}: no column of pictures, but label"


def test_rows_without_a_picture_a_name_or_a_label(tmp_path):
    path = tmp_path / "a.parquet"
    schema = pa.schema([("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])), ("label", pa.int64())])
    first, second = png(IMAGES[0]), png(IMAGES[1])
    pictures = [{"bytes": first, "path": "1"}, {"bytes": second, "path": "1"}, {"bytes": None, "path": "x"}, None]
    pq.write_table(pa.table({"image": pictures, "label": [1, None, 2, 3]}, schema=schema), path)
    images = load_images(path)
    assert images.unreadable == ("x: empty", "3: empty")
    assert "unreadable: x: empty, and 1 more" in refusal(path, strict=True)
    assert (images.files, images.labels) == (("1", "row 1"), None)
    assert images.notes == ("1 of 2 pictures have a label, so the labels were left out",)


def test_parts_of_a_dataset_are_named_in_their_order(tmp_path):
    saved_in_parts(tmp_path)
    assert load_images(tmp_path / "cells").notes == ("all parts were read, in this order: train, test",)
    folder = tmp_path / "tables"
    folder.mkdir()
    for row, part in enumerate(("test-00000-of-00001", "train-00000-of-00002", "train-00001-of-00002")):
        pq.write_table(table_of([row]), folder / f"{part}.parquet")
    assert load_images(folder).notes[0] == "all parts were read, in this order: test, train"


@pytest.mark.parametrize("state", ["", "[]", "{}", '{"_data_files": [{"filename": "../../a.arrow"}]}', "[" * 10**5])
def test_a_saved_dataset_lists_files_of_its_own_folder(tmp_path, state):
    saved(tmp_path)
    (tmp_path / "cells/state.json").write_text(state)
    assert "state.json: damaged, it lists no files of this folder; save the set again" in refusal(tmp_path / "cells")
