"""The benchmark sets: files of their formats, made here, give the published parts; others are refused in a line."""

import gzip
import hashlib
import json
import struct
from pathlib import Path

import numpy as np
import pytest
import scipy.io

from freyvae.__main__ import main
from freyvae.data import as_images, load_images, pack, split_indices
from freyvae.data.benchmark import Benchmark
from freyvae.data.sources import SOURCES
from freyvae.errors import BadInput
from freyvae.flags import chosen_recipe
from freyvae.reporting import summary
from freyvae.run import Run
from freyvae.training import load_training_data

BENCHMARKS = {name: source for name, source in SOURCES.items() if isinstance(source, Benchmark)}
# training, validation and test images of the sets that are made here; of CIFAR-10's six files two images each
PARTS = dict.fromkeys(BENCHMARKS, (7, 3, 4)) | {"cifar-10": (8, 2, 2)}
DYNAMIC = ("dynamic-mnist", "omniglot")

_random = np.random.default_rng(0)
GREY = _random.integers(0, 256, (14, 28, 28), dtype=np.uint8)
COLOUR = _random.integers(0, 256, (12, 32, 32, 3), dtype=np.uint8)
CLASSES = _random.integers(0, 10, 14, dtype=np.uint8)
IS_WHITE = GREY > 127


def idx_of(values):
    return struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape) + values.tobytes()


def write_mnist(folder, compress=bytes):
    suffix = "" if compress is bytes else ".gz"
    for stem, part in (("train", slice(10)), ("t10k", slice(10, None))):
        (folder / f"{stem}-images-idx3-ubyte{suffix}").write_bytes(compress(idx_of(GREY[part])))
        (folder / f"{stem}-labels-idx1-ubyte{suffix}").write_bytes(compress(idx_of(CLASSES[part])))


def write_static_mnist(folder):
    rows = [" ".join(str(int(pixel)) for pixel in image.ravel()) for image in IS_WHITE]
    for part, of_part in (("train", rows[:7]), ("valid", rows[7:10]), ("test", rows[10:])):
        (folder / f"binarized_mnist_{part}.amat").write_text("\n".join(of_part) + "\n")


def by_columns(images):
    """Rows of pixels, each image by its columns, as MATLAB writes them."""
    return np.swapaxes(images, 1, 2).reshape(len(images), -1)


def write_omniglot(folder):
    white = GREY / 255
    scipy.io.savemat(
        folder / "chardata.mat",
        {"data": by_columns(white[:10]).T, "testdata": by_columns(white[10:]).T, "target": np.eye(10)},
        do_compression=True,
    )


def write_silhouettes(folder, **others):
    pixels, parts = (
        by_columns(~IS_WHITE).astype(np.uint8),
        {"train": slice(7), "val": slice(7, 10), "test": slice(10, 14)},
    )
    held = {f"{part}_data": pixels[chosen] for part, chosen in parts.items()}
    held |= {f"{part}_labels": CLASSES[chosen, None] for part, chosen in parts.items()}
    names = np.array([["class"]], dtype=object)
    scipy.io.savemat(folder / "caltech101_silhouettes_28_split1.mat", held | {"classnames": names} | others)


def cifar_files():
    """Of each file the name, the rows of pixels, and the classes."""
    rows = np.moveaxis(COLOUR, -1, 1).reshape(12, -1)
    names = (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch")
    return [(name, rows[2 * place :][:2], CLASSES[2 * place :][:2]) for place, name in enumerate(names)]


def write_cifar(folder):
    for name, rows, classes in cifar_files():
        (folder / f"{name}.bin").write_bytes(np.hstack([classes[:, None], rows]).tobytes())


def write_cifar_of_matlab(folder):
    for name, rows, classes in cifar_files():
        scipy.io.savemat(folder / f"{name}.mat", {"data": rows, "labels": classes[:, None], "batch_label": name})


WRITERS = {
    "static-mnist": write_static_mnist,
    "dynamic-mnist": write_mnist,
    "omniglot": write_omniglot,
    "caltech-silhouettes": write_silhouettes,
    "fashion-mnist": write_mnist,
    "cifar-10": write_cifar,
}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """The folder of the sets' folders, and sets of few images."""
    monkeypatch.setenv("FREYVAE_DATA", str(tmp_path / "data"))
    monkeypatch.setattr("pooch.os_cache", lambda project: tmp_path / "cache" / project)
    for name, parts in PARTS.items():
        monkeypatch.setattr(type(BENCHMARKS[name]), "parts", parts)
    return tmp_path / "data"


def made(home, name, writer=None):
    (home / name).mkdir(parents=True, exist_ok=True)
    (writer or WRITERS[name])(home / name)
    return home / name


def refusal(name):
    with pytest.raises(BadInput) as refused:
        load_images(name)
    line = str(refused.value)
    assert line.isprintable()
    return line


def drawn_as_published(held_out, of_validation):
    """What the code of Tomczak & Welling 2018 makes of validation and test images in grey."""
    np.random.seed(777)
    rows = held_out.reshape(len(held_out), -1).astype("float32") / np.float32(255)
    validation = np.random.binomial(1, rows[:of_validation])
    test = np.random.binomial(1, rows[of_validation:])
    return 255 * np.concatenate([validation, test]).reshape(held_out.shape)


def expected_of(name):
    """Images, and their labels."""
    black_or_white, labels = 255 * IS_WHITE, tuple(map(str, CLASSES.tolist()))
    order = np.random.RandomState(123).permutation(10)
    grey_letters = np.concatenate([GREY[:10][order], GREY[10:]])
    return {
        "static-mnist": (black_or_white, None),
        "dynamic-mnist": (np.concatenate([GREY[:7], drawn_as_published(GREY[7:], 3)]), labels),
        "omniglot": (np.concatenate([grey_letters[:7], drawn_as_published(grey_letters[7:], 3)]), None),
        "caltech-silhouettes": (black_or_white, labels),
        "fashion-mnist": (GREY, labels),
        "cifar-10": (COLOUR, labels[:12]),
    }[name]


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_set_is_read_in_its_published_parts(home, name):
    made(home, name)
    images = load_images(name)
    expected, labels = expected_of(name)
    np.testing.assert_array_equal(images.images.squeeze(), expected)
    assert images.images.dtype == np.uint8
    assert images.labels == labels
    assert (images.name, images.is_video, images.parts) == (name, False, PARTS[name])
    assert images.fingerprint == hashlib.sha256(as_images(images).tobytes()).hexdigest()
    parts = split_indices(len(images), "given", parts=images.parts)
    assert (len(parts.train), len(parts.validation), len(parts.test)) == PARTS[name]
    held_out = images.images[PARTS[name][0] :]
    assert (set(np.unique(held_out)) == {0, 255}) == (BENCHMARKS[name].recipe == "vamp-vae-2018")


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_missing_file_is_named_with_all_that_are_needed(home, name):
    first, last = (BENCHMARKS[name].file_names[place][0] for place in (0, -1))
    line = refusal(name)
    assert line.startswith(f"{name}: bring the file{'s' * (first != last)} {first}")
    assert f"there is no {first} in {home / name}, a folder in $FREYVAE_DATA or in the cache" in line
    (made(home, name) / last).unlink()
    line = refusal(name)
    assert line.count(last) == 2
    assert f"there is no {last} in" in line


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_file_that_is_cut_or_of_other_images_is_refused(home, name, monkeypatch):
    path = made(home, name) / BENCHMARKS[name].file_names[-1][0]
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2 + 1])
    assert refusal(name).startswith(f"{path}: ")
    path.write_bytes(content)
    train, validation, test = PARTS[name]
    monkeypatch.setattr(type(BENCHMARKS[name]), "parts", (train + 6, validation, test))
    line = refusal(name)
    assert f"where {name} has" in line or "damaged, cut short or not" in line


@pytest.mark.parametrize("name", BENCHMARKS)
def test_files_of_another_size_of_image_are_refused(home, name, monkeypatch):
    made(home, name)
    monkeypatch.setattr(type(BENCHMARKS[name]), "image_shape", (14, 28, 1))
    line = refusal(name)
    assert f"where {name} has" in line or "damaged, cut short or not" in line


def test_an_empty_file_or_one_of_other_numbers_is_refused(home):
    path = made(home, "static-mnist") / "binarized_mnist_valid.amat"
    for content in (b"", b"\n", b"0 1 2\n", b"0 1\n0\n", b"0.5 1.0\n", b"\0" * 784):
        path.write_bytes(content)
        assert refusal("static-mnist") == f"{path}: damaged, cut short or not rows of 784 numbers 0 or 1"
    path = made(home, "fashion-mnist") / "train-images-idx3-ubyte"
    floats = struct.pack(">HBB3I", 0, 13, 3, 10, 28, 28) + GREY[:10].astype(">f4").tobytes()
    path.write_bytes(floats)
    assert refusal("fashion-mnist") == f"{path}: float32 values, where fashion-mnist has bytes"
    folder = made(home, "omniglot")
    scipy.io.savemat(folder / "chardata.mat", {"data": GREY[:10].reshape(10, -1).T, "testdata": np.zeros((784, 4))})
    assert "chardata.mat: data holds other numbers than probabilities, 0 to 1" in refusal("omniglot")
    scipy.io.savemat(folder / "chardata.mat", {"data": np.zeros((784, 10))})
    assert "chardata.mat: holds no numeric array 'testdata', but data" in refusal("omniglot")
    folder = made(home, "caltech-silhouettes")
    write_silhouettes(folder, val_data=np.full((3, 784), 2, np.uint8))
    assert "val_data holds other numbers than 0 and 1" in refusal("caltech-silhouettes")
    write_silhouettes(folder, test_labels=CLASSES[:3, None])
    assert "test_labels holds 3 labels of 4 images" in refusal("caltech-silhouettes")


def test_files_may_be_compressed_named_with_a_dot_or_of_matlab(home):
    folder = made(home, "fashion-mnist", lambda folder: write_mnist(folder, gzip.compress))
    np.testing.assert_array_equal(load_images("fashion-mnist").images[..., 0], GREY)
    for path in folder.iterdir():
        path.rename(path.with_name(path.name.replace("-idx", ".idx")))
    np.testing.assert_array_equal(load_images("fashion-mnist").images[..., 0], GREY)
    assert load_images("fashion-mnist").labels == expected_of("fashion-mnist")[1]
    made(home, "cifar-10", write_cifar_of_matlab)
    images = load_images("cifar-10")
    np.testing.assert_array_equal(images.images, COLOUR)
    assert images.labels == expected_of("cifar-10")[1]


def test_labels_need_not_be_there(home):
    (made(home, "fashion-mnist") / "t10k-labels-idx1-ubyte").unlink()
    assert load_images("fashion-mnist").labels is None


def test_the_cache_is_looked_into_where_the_users_own_folder_has_none(home):
    made(home.parent / "cache" / "freyvae", "cifar-10")
    np.testing.assert_array_equal(load_images("cifar-10").images, COLOUR)


def test_a_set_is_trained_by_its_name_on_its_own_split(home, tmp_path, monkeypatch):
    name = "dynamic-mnist"
    made(home, name)
    monkeypatch.setattr(summary, "show", lambda run, vae: [])
    monkeypatch.setattr(summary, "report", lambda run: None)
    small = ["--epochs", 1, "--hidden", 4, "--latent-dim", 2, "--prior-components", 2, "--batch-size", 7, "--quiet"]
    assert main(list(map(str, ["train", name, *small, "--out", tmp_path / "run"]))) == 0
    run = Run(tmp_path / "run")
    assert (run.recipe.name, run.recipe.split.name, run.recipe.training.binarize) == (name, "given", True)
    assert (run.training.train_images, run.training.validation_images, run.training.test_images) == PARTS[name]
    assert run.training.data_sha256 == load_images(name).fingerprint


def test_a_pack_keeps_the_published_split_and_is_trained_on_it(home, tmp_path, monkeypatch):
    made(home, "fashion-mnist")
    monkeypatch.chdir(tmp_path)
    pack("fashion-mnist", "fashion.pack")
    assert load_images("fashion.pack").parts == PARTS["fashion-mnist"]
    made(home, "dynamic-mnist")
    pack("dynamic-mnist", "mnist.pack")
    chosen = chosen_recipe("mnist.pack", None, None)
    assert (chosen.training.binarize, chosen.split.name, chosen.name) == (True, "given", "mnist.pack")
    data = load_training_data(chosen.replace(batch_size=7))
    assert data.said_of_binarization(True) == []
    assert "with binarize=True training draws black and white too" in data.said_of_binarization(False)[0]
    assert chosen_recipe("fashion.pack", None, None).split.name == "given"
    pack("fashion-mnist", "fashion.pack", append=True)
    assert load_images("fashion.pack").parts is None
    assert chosen_recipe("fashion.pack", None, None).split.name == "random"
    assert json.loads(Path("fashion.pack/pack.json").read_text())["format"] == 1


@pytest.mark.parametrize("parts", [[1, 2], [1, 1, 1], ["a", 1, 1], [-1, 30, 1], 5])
def test_parts_that_are_none_are_damage(home, tmp_path, parts):
    made(home, "fashion-mnist")
    pack("fashion-mnist", tmp_path / "fashion.pack")
    record = tmp_path / "fashion.pack" / "pack.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"parts": parts}))
    with pytest.raises(BadInput, match=r"pack\.json is damaged"):
        load_images(tmp_path / "fashion.pack")


def test_another_split_than_the_published_one_is_said(home):
    made(home, "cifar-10")
    images = load_images("cifar-10")
    note = split_indices(12, "random", test=2, validation=2, parts=images.parts).note
    assert note == "These are not the test images of the published split, so figures compare with no published ones."
    assert split_indices(12, "blocked", test=2, validation=3, parts=images.parts).note == ""


def test_a_missing_file_ends_a_command_with_one_line(capsys):
    assert main(["train", "omniglot"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "omniglot: bring the file chardata.mat: there is no chardata.mat in" in said
