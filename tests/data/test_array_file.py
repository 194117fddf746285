import errno
import io
import os
import pickle
import tracemalloc
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
import scipy.io
from PIL import Image

from freyvae.data import Pixels, load_file, load_images
from freyvae.errors import BadInput
from freyvae.flags import chosen_recipe

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (5, 6, 4), dtype=np.uint8)
COLOUR = RNG.integers(0, 256, (5, 6, 4, 3), dtype=np.uint8)


class _Bomb:
    def __reduce__(self):
        return (warnings.warn, ("a pickle was run",))


@pytest.mark.parametrize("images", [GREY, COLOUR, GREY / 255], ids=["grey", "colour", "float"])
def test_npy(tmp_path, images):
    np.save(tmp_path / "cells.npy", images)
    loaded = load_file(tmp_path / "cells.npy")
    assert loaded.name == "cells"
    assert not loaded.is_video
    expected = COLOUR if images is COLOUR else GREY[..., None]
    np.testing.assert_array_equal(loaded.images, expected)


def test_npz_takes_the_only_array_or_images(tmp_path):
    np.savez(tmp_path / "a.npz", x=GREY)
    np.savez_compressed(tmp_path / "b.npz", images=GREY, labels=np.arange(5))
    for name in ("a.npz", "b.npz"):
        np.testing.assert_array_equal(load_file(tmp_path / name).images, GREY[..., None])


def test_npz_with_several_arrays_lists_them(tmp_path):
    np.savez(tmp_path / "a.npz", train=GREY, test=GREY)
    with pytest.raises(BadInput, match=r"several arrays \(train, test\); call the one to read `images`"):
        load_file(tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz")
    with pytest.raises(BadInput, match="holds no array"):
        load_file(tmp_path / "b.npz")


@pytest.mark.parametrize("kind", ["object array", "raw pickle", "npz"])
def test_pickles_are_refused_and_never_run(tmp_path, kind):
    path = tmp_path / ("a.npz" if kind == "npz" else "a.npy")
    if kind == "object array":
        np.save(path, np.array([_Bomb()], dtype=object), allow_pickle=True)
    elif kind == "npz":
        np.savez(path, images=np.array([_Bomb()], dtype=object))
    else:
        path.write_bytes(pickle.dumps(_Bomb()))
    with pytest.raises(BadInput, match="holds a pickle, which can run code and is never loaded"):
        load_file(path)


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "a.mat"])
@pytest.mark.parametrize("keep", [0, 6, 0.5], ids=["empty", "stub", "half"])
def test_truncated_files_are_refused(tmp_path, name, keep):
    path = tmp_path / name
    if name == "a.npy":
        np.save(path, GREY)
    elif name == "a.npz":
        np.savez(path, images=GREY)
    else:
        scipy.io.savemat(path, {"images": GREY})
    content = path.read_bytes()
    path.write_bytes(content[: int(keep * len(content)) if keep == 0.5 else keep])
    with pytest.raises(BadInput, match=r"damaged, cut short or not a|holds a pickle"):
        load_file(path)


def test_a_npy_that_claims_more_than_memory(tmp_path):
    np.save(tmp_path / "a.npy", GREY)
    content = (tmp_path / "a.npy").read_bytes()
    huge = content.replace(b"(5, 6, 4), }" + b" " * 13, b"(5" + b"0" * 13 + b", 6, 4), }")
    assert len(huge) == len(content)
    assert huge != content
    (tmp_path / "a.npy").write_bytes(huge)
    with pytest.raises(BadInput, match=r"larger than memory|damaged"):
        load_file(tmp_path / "a.npy")


def test_mat_keeps_images_along_the_last_axis(tmp_path):
    scipy.io.savemat(tmp_path / "a.mat", {"X": np.moveaxis(COLOUR, 0, -1), "y": np.arange(5.0)[:, None]})
    np.testing.assert_array_equal(load_file(tmp_path / "a.mat").images, COLOUR)
    scipy.io.savemat(tmp_path / "b.mat", {"images": np.moveaxis(GREY, 0, -1), "other": GREY})
    np.testing.assert_array_equal(load_file(tmp_path / "b.mat").images, GREY[..., None])


def test_mat_with_one_column_an_image_needs_the_size(tmp_path):
    scipy.io.savemat(tmp_path / "a.mat", {"ff": GREY.reshape(5, 24).T})
    np.testing.assert_array_equal(load_file(tmp_path / "a.mat", image_size="6x4").images, GREY[..., None])
    with pytest.raises(BadInput, match=r"each column is one image of 24 pixels; give its shape, image_size=.HxW"):
        load_file(tmp_path / "a.mat")
    with pytest.raises(BadInput, match=r"one image of 24 pixels, but image_size=.5x5. has 25"):
        load_file(tmp_path / "a.mat", image_size=5)


def test_mat_without_one_clear_variable(tmp_path):
    scipy.io.savemat(tmp_path / "a.mat", {"p": GREY, "q": GREY})
    with pytest.raises(BadInput, match=r"several numeric arrays \(p, q\)"):
        load_file(tmp_path / "a.mat")
    scipy.io.savemat(tmp_path / "b.mat", {"words": "hello"})
    with pytest.raises(BadInput, match="holds no numeric array"):
        load_file(tmp_path / "b.mat")


def test_resizing_and_grey(tmp_path):
    np.save(tmp_path / "a.npy", COLOUR)
    images = load_file(tmp_path / "a.npy", image_size="12x8", grey=True).images
    assert images.shape == (5, 12, 8, 1)
    assert load_file(tmp_path / "a.npy", image_size="12x8").images.shape == (5, 12, 8, 3)
    np.testing.assert_array_equal(
        load_file(tmp_path / "a.npy", grey=True).images[0, ..., 0], np.asarray(Image.fromarray(COLOUR[0]).convert("L"))
    )


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.full((2, 3, 3), np.nan), "a.npy: some pixels are NaN"),
        (GREY.astype(float), "a.npy: float64 pixels from 0 to 248,.*: give levels=.0:255"),
        (np.zeros((2, 30, 30, 17)), "a.npy: 17 channels"),
        (np.zeros((2, 0, 3)), "a.npy: images of zero size"),
        (np.zeros((0, 3, 3)), "a.npy: there are no images"),
    ],
)
def test_the_gate_names_the_file(tmp_path, array, message):
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(BadInput, match=message):
        load_file(tmp_path / "a.npy")


def test_a_picture_alone_is_a_set_of_one(tmp_path):
    Image.fromarray(GREY[0]).save(tmp_path / "a.png")
    alone = load_file(tmp_path / "a.png")
    np.testing.assert_array_equal(alone.images[..., 0], GREY[:1])
    assert (alone.files, alone.is_video) == (("a.png",), False)


def test_other_files_are_refused(tmp_path):
    with pytest.raises(BadInput, match="no such file"):
        load_file(tmp_path / "a.npy")
    (tmp_path / "empty.gif").touch()
    with pytest.raises(BadInput, match=r"empty.gif: empty"):
        load_file(tmp_path / "empty.gif")
    (tmp_path / "a.csv").touch()
    with pytest.raises(
        BadInput, match=r"can't read images from this kind of file; give .npy, .npz, .mat, .h5, .parquet, or"
    ):
        load_file(tmp_path / "a.csv")


def _npy_that_claims(shape, held=b"\0" * 100, dtype="|u1"):
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": dtype, "fortran_order": False, "shape": shape})
    return buffer.getvalue() + held


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".mat"])
def test_sizes_are_compared_with_memory_before_anything_is_allocated(tmp_path, monkeypatch, suffix):
    path, pixels = tmp_path / f"a{suffix}", np.zeros((20, 1000, 1000), np.uint8)
    if suffix == ".npy":
        np.save(path, pixels)
    elif suffix == ".npz":
        np.savez_compressed(path, images=pixels)  # 20 kB that become 20 MB
    else:
        scipy.io.savemat(path, {"images": pixels})  # of a compressed one scipy unpacks 128 KiB at once
    monkeypatch.setattr("freyvae.memory.free_bytes_of_machine", lambda: 10**7)
    tracemalloc.start()
    with pytest.raises(BadInput, match=r"a\.\w+: needs 0.0 GiB of memory, more than .* free; .*fewer images"):
        load_file(path)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 10**7


@pytest.mark.parametrize("shape", [(12 * 10**9, 1, 1), (2**31, 2**31, 2**31), (-1, 3, 3), (10**30, 2, 2), (5, 6, 5)])
@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_headers_that_claim_more_than_the_file_holds_are_refused(tmp_path, suffix, shape):
    path, content = tmp_path / f"a{suffix}", _npy_that_claims(shape)
    if suffix == ".npz":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("images.npy", content)
    else:
        path.write_bytes(content)
    with pytest.raises(BadInput, match="damaged, cut short or not a NumPy file"):
        load_file(path)


@pytest.mark.parametrize("suffix", [".npz", ".mat"])
def test_an_array_is_chosen_by_its_name_after_a_colon(tmp_path, monkeypatch, suffix):
    arrays = {"x_train": GREY, "x_test": GREY[:2], "y_train": np.arange(5)}
    if suffix == ".npz":
        np.savez(tmp_path / "mnist.npz", **arrays)
    else:
        scipy.io.savemat(tmp_path / "mnist.mat", {name: np.moveaxis(value, 0, -1) for name, value in arrays.items()})
    path = tmp_path / f"mnist{suffix}"
    with pytest.raises(BadInput, match=rf"several .*arrays \(.*\).*or name it: .*mnist{suffix}:x_train"):
        load_images(path)
    images = load_images(f"{path}:x_test")
    np.testing.assert_array_equal(images.images[..., 0], GREY[:2])
    assert images.name == "mnist"
    with pytest.raises(BadInput, match=r"holds no .*array 'z', but .*x_train"):
        load_images(f"{path}:z")
    monkeypatch.chdir(tmp_path)
    assert chosen_recipe(f"mnist{suffix}:x_train", None, None).data.source == f"{path}:x_train"
    assert chosen_recipe(f"mnist{suffix}:x_train", None, None).name == "mnist"
    np.save(tmp_path / "a.npy", GREY)
    with pytest.raises(BadInput, match=r"a.npy:x: no such folder or file"):
        load_images(f"{tmp_path / 'a.npy'}:x")
    (tmp_path / f"a{suffix}:b.npy").write_bytes((tmp_path / "a.npy").read_bytes())
    assert len(load_images(tmp_path / f"a{suffix}:b.npy").images) == 5  # a file of that very name


def test_a_npy_named_npz_holds_no_array_to_choose(tmp_path):
    with (tmp_path / "a.npz").open("wb") as file:
        np.save(file, GREY)
    assert len(load_file(tmp_path / "a.npz").images) == 5
    with pytest.raises(BadInput, match=r"not an \.npz file, so it has no array called 'x'"):
        load_file(f"{tmp_path / 'a.npz'}:x")


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "a.mat", "a.gif", "a.idx"])
def test_a_file_that_may_not_be_read_is_said_to_be_so(tmp_path, monkeypatch, name):
    (tmp_path / name).write_bytes(b"x")
    real = Path.open

    def closed(path, *arguments, **named):  # root may read anything, so the kernel can't be asked for this one
        if path.name == name:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return real(path, *arguments, **named)

    monkeypatch.setattr(Path, "open", closed)
    with pytest.raises(BadInput, match=rf"{name}: can't be read \(Permission denied\)"):
        load_file(tmp_path / name)


@pytest.mark.parametrize("shape", [(7, 6, 4), (7, 6, 4, 3)])
def test_a_large_array_of_bytes_stays_on_the_disk(tmp_path, monkeypatch, shape):
    images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    np.save(tmp_path / "images.npy", images)
    np.save(tmp_path / "fortran.npy", np.asfortranarray(images))
    np.save(tmp_path / "floats.npy", images / 255)
    whole = load_file(tmp_path / "images.npy").images
    monkeypatch.setattr("freyvae.data.array_file.FEWEST_BYTES_ON_DISK", 100)
    left = load_file(tmp_path / "images.npy").images
    assert isinstance(left, Pixels)
    np.testing.assert_array_equal(left[:], whole)
    np.testing.assert_array_equal(left[[5, 2]], whole[[5, 2]])
    for other in ("fortran.npy", "floats.npy"):
        assert isinstance(load_file(tmp_path / other).images, np.ndarray)
    assert isinstance(load_file(tmp_path / "images.npy", levels="0:255").images, np.ndarray)
    np.save(tmp_path / "first.npy", np.zeros((7, 3, 16, 16), np.uint8))
    with pytest.raises(BadInput, match="the channel axis comes last"):
        load_file(tmp_path / "first.npy")
    (tmp_path / "cut.npy").write_bytes((tmp_path / "images.npy").read_bytes()[:-1])
    with pytest.raises(BadInput, match="cut short"):
        load_file(tmp_path / "cut.npy")
