"""A large folder is decoded once, and what is kept of it is what decoding it gives."""

import dataclasses
import os

import numpy as np
import pytest
from PIL import Image

from freyvae.data import kept_folder, load_folder, load_images
from freyvae.data.images import ImageSet
from freyvae.errors import BadInput

COUNT = 12


@pytest.fixture
def decoded(monkeypatch):
    """The folders that were decoded, by name."""
    read, names = kept_folder.read_all, []

    def noted(pictures, **choices):
        names.append(pictures.name)
        return read(pictures, **choices)

    monkeypatch.setattr(kept_folder, "read_all", noted)
    return names


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(kept_folder, "FEWEST_KEPT", COUNT)
    monkeypatch.setattr(kept_folder, "cache_folder", lambda: tmp_path / "cache" / "decoded")
    return tmp_path / "cache" / "decoded"


def folder_of(place, *, kind="colour", count=COUNT, seed=0):
    """Pictures in two sub-folders."""
    random = np.random.default_rng(seed)
    for number in range(count):
        path = place / ("a" if number % 2 else "b") / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        if kind == "16 bits":
            Image.fromarray(random.integers(0, 65536, (6, 5)).astype("uint16")).save(path)
        else:
            Image.fromarray(random.integers(0, 256, (6, 5, 3) if kind == "colour" else (6, 5), dtype=np.uint8)).save(
                path
            )
    return place


def assert_same(one, other):
    for field in dataclasses.fields(ImageSet):
        ours, theirs = getattr(one, field.name), getattr(other, field.name)
        if field.name == "images":
            np.testing.assert_array_equal(ours, theirs)
            assert type(ours) is type(theirs) is np.ndarray
        else:
            assert ours == theirs, field.name
    assert one.fingerprint == other.fingerprint


@pytest.mark.parametrize("kind", ["colour", "grey", "16 bits"])
@pytest.mark.parametrize("choices", [{}, {"image_size": "4x4", "grey": True}, {"levels": "0:200"}], ids=str)
def test_the_second_reading_decodes_nothing_and_is_the_first(tmp_path, decoded, kind, choices):
    folder = folder_of(tmp_path / "x", kind=kind)
    (folder / "a" / "damaged.png").write_bytes(b"no picture")
    (folder / "notes.txt").write_text("passed over")
    first, second = load_images(folder, **choices), load_images(folder, **choices)
    assert decoded == ["x"]
    assert_same(first, second)
    assert_same(second, load_folder(folder, **choices))
    assert second.labels is not None
    assert second.unreadable
    with pytest.raises(BadInput, match="unreadable"):
        load_images(folder, strict=True, **choices)


def test_what_is_passed_over_is_said_as_it_is_now(tmp_path, decoded):
    folder = folder_of(tmp_path / "pictures")
    assert not load_folder(folder).notes
    (folder / "a" / "notes.txt").write_text("not a picture")
    assert any("passed over" in note for note in load_folder(folder).notes)


def test_a_folder_with_few_pictures_is_not_kept(tmp_path, decoded, cache):
    folder = folder_of(tmp_path / "x", count=COUNT - 1)
    load_images(folder)
    load_images(folder)
    assert decoded == ["x", "x"]
    assert not cache.exists()


@pytest.mark.parametrize("change", ["another picture", "other pixels of the same size", "one less", "another choice"])
def test_what_has_changed_is_decoded_again(tmp_path, decoded, change):
    folder = folder_of(tmp_path / "x", count=COUNT + 1)
    load_images(folder)
    choices = {}
    path = folder / "b" / "0.png"
    if change == "another picture":
        Image.new("RGB", (5, 6)).save(folder / "a" / "new.png")
    elif change == "one less":
        path.unlink()
    elif change == "another choice":
        choices = {"grey": True}
    else:
        content = path.read_bytes()
        path.write_bytes(content)
        os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))
    assert_same(load_images(folder, **choices), load_folder(folder, **choices))
    assert decoded == ["x", "x"]


@pytest.mark.parametrize("damage", ["a pixel", "cut", "record"])
def test_what_is_damaged_is_decoded_and_kept_again(tmp_path, decoded, cache, damage):
    folder = folder_of(tmp_path / "x")
    first = load_images(folder)
    (pack,) = cache.glob("*.pack")
    path = pack / ("pack.json" if damage == "record" else "pixels.u8")
    content = bytearray(path.read_bytes())
    content[3] ^= 1
    path.write_bytes(content[:-1] if damage == "cut" else content)
    assert_same(load_images(folder), first)
    assert_same(load_images(folder), first)
    assert decoded == ["x", "x"]


def test_what_was_used_longest_ago_goes_first(tmp_path, decoded, cache, monkeypatch):
    folders = [folder_of(tmp_path / name, seed=seed) for seed, name in enumerate("xyz")]
    for place, folder in enumerate(folders[:2]):
        load_images(folder)
        (new,) = [pack for pack in cache.glob("*.pack") if (pack / "pack.json").stat().st_mtime > 10**9]
        os.utime(new / "pack.json", (place, place))
    size = sum(file.stat().st_size for file in next(cache.glob("*.pack")).iterdir())
    monkeypatch.setattr(kept_folder, "MOST_BYTES", int(1.9 * size))
    load_images(folders[0])  # used again
    load_images(folders[2])
    decoded.clear()
    for place in (0, 2, 1):
        load_images(folders[place])
    assert decoded == ["y"]


def test_what_is_too_large_or_cannot_be_written_is_decoded_each_time(tmp_path, decoded, cache, monkeypatch):
    folder = folder_of(tmp_path / "x")
    monkeypatch.setattr(kept_folder, "MOST_BYTES", 10)
    first = load_images(folder)
    monkeypatch.undo()
    cache.parent.mkdir(exist_ok=True)
    monkeypatch.setattr(kept_folder, "FEWEST_KEPT", COUNT)
    monkeypatch.setattr(kept_folder, "cache_folder", lambda: tmp_path / "file" / "decoded")
    (tmp_path / "file").write_text("in the way")
    assert_same(load_images(folder), first)


def test_one_that_was_not_kept_to_the_end_is_decoded_again(tmp_path, decoded, cache, monkeypatch):
    from freyvae.data import packing

    folder = folder_of(tmp_path / "x")
    with monkeypatch.context() as patch:
        patch.setattr(packing._Packing, "end", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            load_images(folder)
    assert_same(load_images(folder), load_folder(folder))
    load_images(folder)
    assert decoded == ["x", "x"]
