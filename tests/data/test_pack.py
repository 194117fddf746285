"""A pack gives back what was packed, goes on after an interruption, and says what is wrong with it."""

import errno
import json
import os
import shutil
import struct
import subprocess
import sys
import threading
import zlib
from collections import namedtuple
from unittest.mock import Mock

import numpy as np
import pytest
from filelock import FileLock
from PIL import Image

from freyvae.data import ImageSet, Pixels, check_pack, decoding, load_images, pack, packing, pixels_sha256
from freyvae.data.pack import PackWriter, read_contents
from freyvae.data.pixels import Given, part_of
from freyvae.data.statistics import statistics_of
from freyvae.errors import BadInput
from freyvae.memory import check_fits

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (30, 6, 4, 3), dtype=np.uint8)


@pytest.fixture
def pictures(tmp_path):
    """Thirty pictures in two sub-folders, `cats/0.png` to `dogs/29.png`."""
    folder = tmp_path / "pictures"
    for number, image in enumerate(IMAGES):
        path = folder / ("cats" if number < 12 else "dogs") / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    return folder


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Seven images in a block of the file, four written at once."""
    monkeypatch.setattr(packing, "BLOCK_BYTES", 7 * IMAGES[0].nbytes)
    monkeypatch.setattr(packing, "_IMAGES_AT_ONCE", 4)


def test_a_packed_folder_is_the_folder(pictures, tmp_path):
    (pictures / "dogs" / "bad.png").write_bytes(b"no picture")
    folder, packed = load_images(pictures), pack(pictures, tmp_path / "p.pack")
    assert isinstance(packed.images, Pixels)
    np.testing.assert_array_equal(packed[:], folder.images)
    assert (packed.name, tuple(packed.files), tuple(packed.labels)) == (folder.name, folder.files, folder.labels)
    assert packed.unreadable == folder.unreadable != ()
    assert packed.remarks == folder.remarks
    again = load_images(tmp_path / "p.pack")
    assert again.fingerprint == packed.fingerprint != load_images(tmp_path / "p.pack", grey=True).fingerprint
    assert pixels_sha256(again.images) == pixels_sha256(folder.images)


def test_images_are_read_by_any_index(pictures, tmp_path):
    packed = pack(pictures, tmp_path / "p.pack")
    none = np.zeros(0, int)
    for index in (3, -1, slice(2, 9, 3), slice(None, None, -1), [5, 5, 2, 3, 4, 0], np.arange(30) % 3 == 0, none):
        np.testing.assert_array_equal(packed[index], IMAGES[index])
    part = part_of(packed.images, np.array([7, 3, 9]))
    np.testing.assert_array_equal(part[1:], IMAGES[[3, 9]])
    np.testing.assert_array_equal(np.array(list(part)), IMAGES[[7, 3, 9]])
    with pytest.raises(IndexError, match="there are 30 images"):
        packed[30]


def test_ten_lines_of_numpy_read_it(pictures, tmp_path):
    pack(pictures, tmp_path / "p.pack")
    record = json.loads((tmp_path / "p.pack" / "pack.json").read_text())
    pixels = np.fromfile(tmp_path / "p.pack" / "pixels.u8", np.uint8).reshape(record["images"], *record["image_shape"])
    names = (tmp_path / "p.pack" / "names.txt").read_bytes().decode().split("\0")[:-1]
    np.testing.assert_array_equal(pixels, IMAGES)
    assert names[12:14] == ["dogs/12.png", "dogs/13.png"]
    levels = np.array(record["statistics"]["histogram"])
    assert levels[1, 17] == (IMAGES[..., 1] == 17).sum()
    np.testing.assert_allclose(record["statistics"]["mean"], IMAGES.mean(axis=(0, 1, 2)))
    np.testing.assert_allclose(record["statistics"]["deviation"], IMAGES.std(axis=(0, 1, 2)))
    assert statistics_of(load_images(tmp_path / "p.pack").images) == statistics_of(IMAGES)


@pytest.mark.parametrize("grey_first", [True, False])
def test_a_folder_with_one_picture_of_colour_is_in_colour(pictures, tmp_path, monkeypatch, grey_first):
    monkeypatch.setattr("freyvae.data.image_folder._FEW", 1)
    odd = pictures / ("dogs" if grey_first else "cats")
    for path in pictures.glob("*/*.png"):
        if path.parent != odd:
            Image.open(path).convert("L").save(path)
    packed = pack(pictures, tmp_path / "p.pack")
    np.testing.assert_array_equal(packed[:], load_images(pictures).images)
    check_pack(tmp_path / "p.pack")


def test_sixteen_bits_become_bytes_by_one_rule_which_is_kept(tmp_path):
    folder = tmp_path / "cells"
    folder.mkdir()
    for number in range(9):
        Image.fromarray(RNG.integers(0, 4096, (6, 4), dtype=np.uint16)).save(folder / f"{number}.png")
    with pytest.raises(BadInput, match='give levels="0:4095"'):
        pack(folder, tmp_path / "cells.pack")
    packed = pack(folder, tmp_path / "cells.pack", levels="auto")
    whole = load_images(folder, levels="auto")
    np.testing.assert_array_equal(packed[:], whole.images)
    assert (packed.levels, packed.lost) == (whole.levels, whole.lost)
    assert load_images(tmp_path / "cells.pack", levels=whole.levels).levels == whole.levels
    with pytest.raises(BadInput, match=r"its pixels were made by levels .* when it was packed: leave out levels="):
        load_images(tmp_path / "cells.pack", levels="0:4095")


def test_other_sizes_and_grey_are_made_when_they_are_asked_for(pictures, tmp_path):
    pack(pictures, tmp_path / "p.pack")
    small, expected = (load_images(path, image_size="3x3", grey=True) for path in (tmp_path / "p.pack", pictures))
    assert isinstance(small.images, Pixels)
    np.testing.assert_array_equal(small[:], expected.images)


def interrupted_after(count, monkeypatch, error=KeyboardInterrupt):
    """Have the writing of a pack interrupted when so many images were written."""
    add = PackWriter.add

    def interrupted(self, images, *texts):
        if self.contents.images >= count:
            raise error
        add(self, images, *texts)

    monkeypatch.setattr(PackWriter, "add", interrupted)
    return lambda: monkeypatch.setattr(PackWriter, "add", add)


class Source:
    """A person's own, as grain's RandomAccessDataSource, which counts what is asked of it."""

    asked = 0

    def __len__(self):
        return len(IMAGES)

    def __getitem__(self, number):
        Source.asked += 1
        return IMAGES[number]


@pytest.mark.parametrize("source", [IMAGES, list(IMAGES), Source(), Given(Source())], ids=lambda s: type(s).__name__)
def test_images_that_are_given_are_packed(tmp_path, source):
    packed = pack(source, tmp_path / "own.pack")
    np.testing.assert_array_equal(packed[:], IMAGES)
    assert (packed.name, packed.files, packed.labels) == ("own", None, None)
    grey = pack(source, tmp_path / "grey.pack", grey=True, image_size="3x3")
    np.testing.assert_array_equal(grey[:], load_images(tmp_path / "own.pack", grey=True, image_size="3x3")[:])


def test_a_set_is_packed_with_its_names_and_labels_and_goes_on_where_it_was_interrupted(tmp_path, monkeypatch):
    labels = [f"{number % 3}" for number in range(30)]
    images = ImageSet(Given(Source()), "own", is_video=False, labels=labels)
    monkeypatch.setattr(packing, "BYTES_AT_ONCE", 4 * IMAGES[0].nbytes)
    resume = interrupted_after(16, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        pack(images, tmp_path / "p.pack")
    resume()
    with pytest.raises(BadInput, match=r"the packing of ImageSet was interrupted, and this is another"):
        pack(ImageSet(images[:29], "own", is_video=False), tmp_path / "p.pack")
    Source.asked = 0
    packed = pack(images, tmp_path / "p.pack")
    np.testing.assert_array_equal(packed[:], IMAGES)
    assert list(packed.labels) == labels
    assert Source.asked == 30 - 16 + packing._KNOWN_BY  # what is packed is not asked for again


def test_what_gives_no_images_is_not_packed(tmp_path):
    for source, line in (
        (5, "source must be a path, not 5"),
        ({"a": 1}, "source: image 0 of the dict can't be had"),
        (range(3), "source: image 0 of the range is int64"),
        ([], "source: "),
        (ImageSet(IMAGES, "own", is_video=False, labels=["a"]), "source: 1 labels for 30 images; give one for each"),
        (ImageSet(IMAGES, "own", is_video=False, labels=["a\0"] * 30), "a null character within the labels of images"),
    ):
        with pytest.raises(BadInput, match=line):
            pack(source, tmp_path / "p.pack")
        shutil.rmtree(tmp_path / "p.pack", ignore_errors=True)
    with pytest.raises(BadInput, match="levels='auto': what a Source gives are bytes already; leave it out"):
        pack(Source(), tmp_path / "p.pack", levels="auto")


@pytest.mark.parametrize("kind", ["folder", "array", "cells", "photos of 16 bits"])
def test_an_interrupted_packing_goes_on(pictures, tmp_path, monkeypatch, kind):
    source, more = pictures, {}
    if kind == "array":
        source = tmp_path / "images.npy"
        np.save(source, IMAGES)
    elif kind == "cells":
        more = {"levels": "auto"}
        for path in pictures.glob("*/*.png"):
            Image.fromarray(RNG.integers(0, 4096, (6, 4), dtype=np.uint16)).save(path)
    elif kind == "photos of 16 bits":  # whose bytes are by the format's rule: the high ones
        for path in pictures.glob("*/*.png"):
            path.write_bytes(png_of_16_bits(RNG.integers(0, 65536, (6, 4, 3), dtype=np.uint16)))
    monkeypatch.setattr(packing, "BYTES_AT_ONCE", 4 * IMAGES[0].nbytes)
    whole = pack(source, tmp_path / "whole.pack", **more)
    resume = interrupted_after(16, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        pack(source, tmp_path / "p.pack", **more)
    with pytest.raises(BadInput, match=r"packing was interrupted after \d+ images; the same"):
        load_images(tmp_path / "p.pack")
    resume()
    decoded = []
    monkeypatch.setattr(decoding, "_decoded", lambda *all, was=decoding._decoded: decoded.append(all[1]) or was(*all))
    packed = pack(source, tmp_path / "p.pack", **more)
    np.testing.assert_array_equal(packed[:], whole[:])
    assert packed.fingerprint == whole.fingerprint
    assert (packed.files is None) == (kind == "array")
    check_pack(tmp_path / "p.pack")
    if kind == "cells":  # looked at once, so that none is looked at again
        assert len(decoded) <= 30 - 16 + 30


def png_of_16_bits(values):
    """The content of a PNG in colour, of uint16 (height, width, 3), which Pillow does not write."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    height, width, _ = values.shape
    rows = b"".join(b"\0" + row.tobytes() for row in values.astype(">u2"))
    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def test_other_labels_do_not_go_on_with_an_interrupted_packing(pictures, tmp_path, monkeypatch):
    table = tmp_path / "labels.csv"
    table.write_text("label\n" + "cat\n" * 30)
    resume = interrupted_after(16, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        pack(pictures, tmp_path / "p.pack", labels=table)
    resume()
    table.write_text("label\n" + "dog\n" * 30)
    with pytest.raises(BadInput, match="this is another or was changed since"):
        pack(pictures, tmp_path / "p.pack", labels=table)


def test_passing_trouble_leaves_what_was_packed(pictures, tmp_path, monkeypatch):
    with pytest.raises(BadInput, match=r"needs .* GiB of memory") as short_of_memory:
        check_fits(2**62, "a.png", "make it smaller")
    monkeypatch.setattr(packing, "SECONDS_BETWEEN_SAVES", -1.0)
    resume = interrupted_after(16, monkeypatch, error=short_of_memory.value)
    with pytest.raises(BadInput, match="GiB of memory"):
        pack(pictures, tmp_path / "p.pack")
    resume()
    assert 0 < read_contents(tmp_path / "p.pack").images < 30
    np.testing.assert_array_equal(pack(pictures, tmp_path / "p.pack")[:], IMAGES)


def test_a_source_that_fails_now_and_then_is_gone_on_with(tmp_path, monkeypatch):
    class Remote(Source):
        is_there = False

        def __getitem__(self, number):
            if number >= 16 and not self.is_there:
                raise OSError("connection reset")
            return super().__getitem__(number)

    monkeypatch.setattr(packing, "BYTES_AT_ONCE", 4 * IMAGES[0].nbytes)
    monkeypatch.setattr(packing, "SECONDS_BETWEEN_SAVES", -1.0)
    monkeypatch.setattr(packing, "evenly_chosen", lambda images, most: images[:2])
    source = Remote()
    with pytest.raises(BadInput, match="image 16 of the Remote can't be had: connection reset"):
        pack(source, tmp_path / "p.pack")
    source.is_there = True
    assert 0 < read_contents(tmp_path / "p.pack").images < 30
    np.testing.assert_array_equal(pack(source, tmp_path / "p.pack")[:], IMAGES)


def test_another_source_does_not_go_on_with_an_interrupted_packing(pictures, tmp_path, monkeypatch):
    resume = interrupted_after(16, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        pack(pictures, tmp_path / "p.pack")
    resume()
    with pytest.raises(BadInput, match=r"the packing of .* was interrupted, and this is another"):
        pack(pictures, tmp_path / "p.pack", grey=True)


def test_a_killed_packing_goes_on_from_what_was_made_safe(pictures, tmp_path, monkeypatch):
    """As killed: what was written since the last save is there, and not in the record."""
    monkeypatch.setattr(packing, "SECONDS_BETWEEN_SAVES", -1.0)
    interrupted_after(16, monkeypatch, error=RuntimeError)
    with pytest.raises(RuntimeError):
        pack(pictures, tmp_path / "p.pack")
    with (tmp_path / "p.pack" / "pixels.u8").open("ab") as file:
        file.write(b"half an image")
    monkeypatch.undo()
    monkeypatch.setattr(packing, "BLOCK_BYTES", 7 * IMAGES[0].nbytes)
    np.testing.assert_array_equal(pack(pictures, tmp_path / "p.pack")[:], IMAGES)
    check_pack(tmp_path / "p.pack")


def test_an_interrupted_packing_is_begun_anew(pictures, tmp_path, monkeypatch):
    path = tmp_path / "p.pack"
    resume = interrupted_after(16, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        pack(pictures, path)
    resume()
    with pytest.raises(BadInput, match=r"fresh=True: then its \d+ images are left out again$"):
        pack(pictures / "cats", path)
    np.testing.assert_array_equal(pack(pictures / "cats", path, fresh=True)[:], IMAGES[:12])
    with pytest.raises(BadInput, match=r"p.pack is a finished pack"):
        pack(pictures / "dogs", path, fresh=True)


def interrupted_append(pictures, path, monkeypatch):
    """A pack of the cats, to which not all of the dogs were appended."""
    pack(pictures / "cats", path)
    resume = interrupted_after(14, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        pack(pictures / "dogs", path, append=True)
    resume()
    assert read_contents(path).images > 12


def test_what_was_finished_stays_when_an_interrupted_appending_is_begun_anew(pictures, tmp_path, monkeypatch):
    path = tmp_path / "p.pack"
    interrupted_append(pictures, path, monkeypatch)
    (pictures / "dogs" / "29.png").unlink()
    with pytest.raises(BadInput, match=r"fresh=True: .* images are left out again, and the 12 before them stay$"):
        pack(pictures / "dogs", path)
    with monkeypatch.context() as killed:  # as within it
        killed.setattr(PackWriter, "save", Mock(side_effect=RuntimeError))
        with pytest.raises(RuntimeError):
            pack(pictures / "dogs", path, append=True, fresh=True)
    packed = pack(pictures / "dogs", path, append=True, fresh=True)
    np.testing.assert_array_equal(packed[:], IMAGES[:29])
    check_pack(path)
    assert sorted(file.name for file in path.iterdir()) == ["names.txt", "pack.json", "pixels.u8"]
    assert read_contents(path).images_before == 0


def test_an_appending_of_a_version_that_kept_no_record_of_before_is_refused(pictures, tmp_path, monkeypatch):
    path = tmp_path / "p.pack"
    interrupted_append(pictures, path, monkeypatch)
    (path / "finished.json").unlink()
    with pytest.raises(BadInput, match="an earlier version of freyvae began to append to it"):
        pack(pictures / "dogs", path, append=True, fresh=True)
    np.testing.assert_array_equal(pack(pictures / "dogs", path)[:], IMAGES)


def test_images_are_added_to_a_pack(pictures, tmp_path):
    path = tmp_path / "p.pack"
    np.save(tmp_path / "more.npy", IMAGES[:5])
    pack(pictures / "dogs", path)
    with pytest.raises(BadInput, match=r"p.pack is a finished pack: append=True adds to it"):
        pack(pictures / "cats", path)
    packed = pack(pictures / "cats", path, append=True)
    np.testing.assert_array_equal(packed[:], IMAGES[[*range(12, 30), *range(12)]])
    assert list(packed.files)[17:19] == ["29.png", "0.png"]
    check_pack(path)
    with pytest.raises(BadInput, match=r"p.pack have names, and these images have none"):
        pack(tmp_path / "more.npy", path, append=True)
    with pytest.raises(BadInput, match=r'bring them to its size with image_size="6x4"'):
        pack(pictures / "cats", path, image_size="3x3", append=True)
    with pytest.raises(BadInput, match="there is no pack to append to"):
        pack(pictures, tmp_path / "new.pack", append=True)
    assert not (tmp_path / "new.pack").exists()
    with pytest.raises(BadInput, match="it can't be packed into itself"):
        pack(path, path, append=True)
    assert len(load_images(path)) == 30


def test_what_is_no_path_can_be_neither_packed_nor_written(pictures, tmp_path):
    loop = tmp_path / "loop"
    loop.symlink_to("loop")
    for source, out in (("a\0b", tmp_path / "p.pack"), (str(loop), tmp_path / "p.pack"), (pictures, loop)):
        with pytest.raises(BadInput):
            pack(source, out)


def cut(path):
    with (path / "pixels.u8").open("r+b") as file:
        file.truncate(100)


def change(path, **values):
    record = json.loads((path / "pack.json").read_text())
    (path / "pack.json").write_text(json.dumps(record | values))


@pytest.mark.parametrize(
    ("damage", "line"),
    [
        (cut, "pixels.u8 is cut, 100 bytes of 2,160"),
        (lambda path: (path / "pixels.u8").unlink(), "pixels.u8 is missing"),
        (lambda path: (path / "names.txt").write_bytes(b"x\0" * 400), "they are of two packs"),
        (lambda path: change(path, format=3), "a pack of format 3; this freyvae reads up to 2: update freyvae"),
        (lambda path: change(path, images=36), "pack.json is damaged"),
        (lambda path: change(path, image_shape=[6, 4]), "pack.json is damaged"),
        (lambda path: change(path, kind="soup"), "pack.json is damaged"),
        (lambda path: (path / "pack.json").write_text("[]"), "pack.json is damaged"),
        (lambda path: (path / "pack.json").write_text("{"), "pack.json is damaged"),
    ],
)
def test_a_damaged_pack_is_refused_in_a_line(pictures, tmp_path, damage, line):
    pack(pictures, tmp_path / "p.pack")
    damage(tmp_path / "p.pack")
    with pytest.raises(BadInput, match=line) as refused:
        load_images(tmp_path / "p.pack")
    assert "\n" not in str(refused.value)


def test_checking_names_the_images_that_were_damaged(pictures, tmp_path):
    pack(pictures, tmp_path / "p.pack")
    assert len(check_pack(tmp_path / "p.pack")) == 30
    with (tmp_path / "p.pack" / "pixels.u8").open("r+b") as file:
        file.seek(15 * IMAGES[0].nbytes)
        file.write(b"\0\1\2")
    with pytest.raises(BadInput, match="images 14 to 20 are not those that were packed"):
        check_pack(tmp_path / "p.pack")


def test_a_pack_that_is_changed_while_it_is_read_is_refused(pictures, tmp_path):
    packed = pack(pictures, tmp_path / "p.pack")
    os.utime(tmp_path / "p.pack" / "pixels.u8", (0, 0))
    with pytest.raises(BadInput, match=r"pixels.u8 was changed while it was read"):
        packed[3]


def test_a_disk_that_is_full_is_said_before_and_when_it_fills_up(pictures, tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda path: usage(0, 0, 100))
        with pytest.raises(BadInput, match=r"needs [0-9.]+ MiB, and [0-9.]+ MiB are free on that disk"):
            pack(pictures, tmp_path / "p.pack")
        assert not (tmp_path / "p.pack").exists()
    resume = interrupted_after(16, monkeypatch, error=OSError(28, "No space left on device"))
    with pytest.raises(OSError, match="No space"):
        pack(pictures, tmp_path / "p.pack")
    resume()
    np.testing.assert_array_equal(pack(pictures, tmp_path / "p.pack")[:], IMAGES)


def test_what_cannot_be_packed_leaves_nothing_behind(pictures, tmp_path):
    with pytest.raises(BadInput, match="lies in the folder that is packed"):
        pack(pictures, pictures / "p.pack")
    with pytest.raises(BadInput, match="no such folder or file"):
        pack(tmp_path / "nothing", tmp_path / "p.pack")
    assert not (tmp_path / "p.pack").exists()
    with pytest.raises(BadInput, match="exists and is no pack"):
        pack(pictures, tmp_path)
    Image.new("RGB", (9, 9)).save(pictures / "cats" / "large.png")
    with pytest.raises(BadInput, match=r"large.png is 9x9"):
        pack(pictures, tmp_path / "p.pack")
    assert not (tmp_path / "p.pack").exists()


@pytest.mark.parametrize("what", ["of another size", "unreadable"])
def test_what_is_refused_in_its_midst_leaves_a_pack_as_it_was(pictures, tmp_path, what):
    path = tmp_path / "p.pack"
    pack(pictures / "cats", path)
    before = {file.name: file.read_bytes() for file in path.iterdir()}
    late = pictures / "dogs" / "99.png"
    Image.new("RGB", (9, 9)).save(late) if what == "of another size" else late.write_bytes(b"no picture")
    for out, append in ((path, True), (tmp_path / "new.pack", False)):
        with pytest.raises(BadInput, match=r"99\.png"):
            pack(pictures / "dogs", out, append=append, strict=True)
    assert {file.name: file.read_bytes() for file in path.iterdir()} == before
    assert not (tmp_path / "new.pack").exists()
    late.unlink()
    assert len(pack(pictures / "dogs", path, append=True)) == 30
    check_pack(path)


def test_pictures_are_decoded_by_several_processes_in_their_order(pictures, monkeypatch):
    monkeypatch.setattr(decoding, "FEWEST_FOR_PROCESSES", 2)
    monkeypatch.setattr(decoding, "PICTURES_AT_ONCE", 4)
    monkeypatch.setattr(decoding, "cores", lambda: 2)
    (pictures / "dogs" / "bad.png").write_bytes(b"no picture")
    found = load_images(pictures)
    np.testing.assert_array_equal(found.images, IMAGES)
    assert found.unreadable == ("dogs/bad.png: not a picture of a kind we read",)


def test_who_stops_waits_for_no_picture_that_was_asked_for(pictures, monkeypatch):
    monkeypatch.setattr(decoding, "FEWEST_FOR_PROCESSES", 2)
    monkeypatch.setattr(decoding, "PICTURES_AT_ONCE", 1)
    monkeypatch.setattr(decoding, "cores", lambda: 2)
    asked = []
    ask = decoding._Worker.ask
    monkeypatch.setattr(decoding._Worker, "ask", lambda *given: asked.append(given[2]) or ask(*given))
    work = decoding.Decoding(pictures, "pictures", None, None, False)
    files = [str(path.relative_to(pictures)) for path in sorted(pictures.glob("*/*.png"))]

    def stop():
        with decoding.decoding(work, files, image_bytes=72) as answers:
            next(answers)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop()
    assert len(asked) < 30
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ThreadPoolExecutor")]


def test_a_module_in_the_folder_is_not_run_by_the_processes_that_decode(pictures, monkeypatch):
    monkeypatch.setattr(decoding, "FEWEST_FOR_PROCESSES", 2)
    monkeypatch.setattr(decoding, "cores", lambda: 2)
    (pictures / "numpy.py").write_text("raise RuntimeError")
    monkeypatch.chdir(pictures)
    np.testing.assert_array_equal(load_images(".").images, IMAGES)


def test_what_was_left_out_before_an_interruption_is_known_after_it(pictures, tmp_path, monkeypatch):
    (pictures / "cats" / "1bad.png").write_bytes(b"no picture")
    (pictures / "dogs" / "gone.png").symlink_to("nowhere")
    page = Image.fromarray(IMAGES[0])
    page.save(pictures / "cats" / "1pages.tif", save_all=True, append_images=[page])
    whole = pack(pictures, tmp_path / "whole.pack")
    assert any("1pages.tif" in note for note in whole.notes)
    assert [line.partition(":")[0] for line in whole.unreadable] == ["cats/1bad.png", "dogs/gone.png"]
    resume = interrupted_after(16, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        pack(pictures, tmp_path / "p.pack")
    resume()
    packed = pack(pictures, tmp_path / "p.pack")
    assert packed.unreadable == whole.unreadable
    assert packed.notes == whole.notes
    check_pack(tmp_path / "p.pack")


def test_a_strict_packing_ends_at_the_first_picture_that_is_unreadable(pictures, tmp_path, monkeypatch):
    (pictures / "cats" / "1bad.png").write_bytes(b"no picture")
    resume = interrupted_after(16, monkeypatch)
    with pytest.raises(BadInput, match=r"unreadable: cats/1bad\.png"):
        pack(pictures, tmp_path / "p.pack", strict=True)
    resume()


def test_a_script_without_a_guarded_main_module_may_pack(pictures, tmp_path):
    program = f"""
from freyvae.data import decoding, pack
decoding.FEWEST_FOR_PROCESSES, decoding.cores = 2, lambda: 2
print(len(pack({str(pictures)!r}, {str(tmp_path / "p.pack")!r})))
"""
    (tmp_path / "script.py").write_text(program)
    done = subprocess.run([sys.executable, tmp_path / "script.py"], capture_output=True, text=True, check=True)
    assert done.stdout == "30\n"
    assert done.stderr == ""


def test_a_file_system_without_locks_is_said(pictures, tmp_path, monkeypatch):
    def no_locks(self):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(FileLock, "_acquire", no_locks)
    with pytest.raises(BadInput, match=r"has no locks .*: choose a folder on a disk of this machine"):
        pack(pictures, tmp_path / "p.pack")
