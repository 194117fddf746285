"""A run compresses images to one file and back. Errors are one line, and then nothing is written."""

import os
import struct
import zlib
from contextlib import suppress

import numpy as np
import pytest
from PIL import Image

from freyvae.compression import WrongImages, compress, compressed_file, decompress, pixels
from freyvae.compression.bits_back import BitsBack
from freyvae.engine import memory
from freyvae.errors import BadInput, FreyvaeError
from freyvae.evaluation import images_of_part
from freyvae.metrics import baselines
from freyvae.recipe import Recipe, load_recipe
from freyvae.reporting import tables
from freyvae.training import load_training_data, train

COUNT, SHAPE = 400, (6, 5, 1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compression")
    random = np.random.default_rng(0)
    images = random.integers(40, 80, (COUNT, *SHAPE)) + random.integers(0, 120, (COUNT, 1, 1, 1))
    np.save(folder / "images.npy", images.astype("uint8"))
    return folder


@pytest.fixture(scope="module")
def images(folder):
    return np.load(folder / "images.npy")


def trained(folder, name, **changes):
    recipe = Recipe().replace(
        name=name, data=str(folder / "images.npy"), split="random", hidden=(16,), latent_dim=2, **changes
    )
    return train(recipe.replace(epochs=10, batch_size=20), folder / name, quiet=True)


@pytest.fixture(scope="module")
def run(folder):
    return trained(folder, "run")


@pytest.fixture(scope="module")
def other_run(folder):
    return trained(folder, "other", seed=1)


@pytest.fixture(scope="module")
def compressed(run, images, folder):
    path = folder / "faces.freyvae"
    return path, compress(run, images, path, progress=False)


def test_the_file_is_as_large_as_the_model_promised(compressed, images):
    path, found = compressed
    assert (found.images, found.values) == (COUNT, images.size)
    assert found.file_bytes == path.stat().st_size
    assert found.bits_per_dim == 8 * found.file_bytes / images.size
    # the free energy and the first image's code, within 2 %, including headers
    promised = found.free_energy_bits_per_dim + found.first_image_bits_per_dim
    assert found.bits_per_dim == pytest.approx(promised, rel=0.02)
    assert abs(found.excess) < 0.02
    # two latents take few bits, and the checksum is never shorter than 128
    assert 128 <= found.first_image_bits <= 192
    assert found.bits_per_dim < found.lossless_bits_per_dim["png_files"]
    assert found.seconds > 0


def test_what_was_compressed_comes_back_as_an_array_or_as_pictures(compressed, run, images, tmp_path):
    path, _ = compressed
    np.testing.assert_array_equal(decompress(run, path, tmp_path / "new" / "images.npy", progress=False), images)
    np.testing.assert_array_equal(np.load(tmp_path / "new" / "images.npy"), images)
    (tmp_path / "empty").mkdir()
    for name in ("pictures", "empty"):
        decompress(run, path, tmp_path / name, progress=False)
        assert sorted(file.name for file in (tmp_path / name).iterdir()) == [f"{n:03}.png" for n in range(1, COUNT + 1)]
    with Image.open(tmp_path / "pictures" / "007.png") as picture:
        np.testing.assert_array_equal(np.asarray(picture), images[6, :, :, 0])
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["empty", "new", "pictures"]


@pytest.mark.long
def test_the_200_test_faces_are_a_smaller_file_than_any_format_makes_and_come_back(frey_faces, tmp_path):
    np.save(tmp_path / "faces.npy", frey_faces)
    recipe = load_recipe("frey-faces").replace(
        data=str(tmp_path / "faces.npy"), split="random", validation=200, test=200, latent_dim=16, latent_names=()
    )
    run = train(recipe, tmp_path / "run", quiet=True)
    faces = images_of_part(run, load_training_data(recipe), "test")
    found = compress(run, faces, tmp_path / "faces.freyvae", progress=False)
    assert found.images == 200
    assert abs(found.excess) < 0.02
    assert {"png_mosaic", "webp_mosaic", "jpeg_xl_mosaic"} < found.lossless_bits_per_dim.keys()
    assert found.bits_per_dim < min(found.lossless_bits_per_dim.values())
    back = decompress(run, tmp_path / "faces.freyvae", tmp_path / "back.npy", progress=False)
    np.testing.assert_array_equal(back, faces)


def test_one_image_is_enough(run, images, tmp_path):
    found = compress(run, images[:1], tmp_path / "one", progress=False)
    assert found.images == 1
    np.testing.assert_array_equal(decompress(run, tmp_path / "one", tmp_path / "one.npy", progress=False), images[:1])


def test_a_file_says_which_model_and_program_wrote_it(compressed, run):
    path, found = compressed
    read = compressed_file.read_compressed_file(path)
    assert read.model == compressed_file.fingerprint(run.load_model())
    assert read.image_shape == SHAPE
    assert read.writer == compressed_file.this_writer()
    assert read.stream.count == COUNT
    assert read.header_bytes == found.header_bytes < 100
    assert read.to_bytes() == path.read_bytes()


def refused(run, content, tmp_path, line):
    """Check that decompressing a file with this content is refused, and that nothing is written."""
    (tmp_path / "faces.freyvae").write_bytes(content)
    with pytest.raises(BadInput, match=line):
        decompress(run, tmp_path / "faces.freyvae", tmp_path / "out.npy", progress=False)
    assert [path.name for path in tmp_path.iterdir()] == ["faces.freyvae"]


@pytest.mark.parametrize("place", [14, 25, 40, 60, 100, -1])
def test_a_damaged_file_is_refused(compressed, run, tmp_path, place):
    content = bytearray(compressed[0].read_bytes())
    content[place] ^= 4
    refused(run, bytes(content), tmp_path, "is damaged or cut short")


@pytest.mark.parametrize("length", [8, 12, 30, 60, -4, -1])
def test_a_truncated_file_is_refused(compressed, run, tmp_path, length):
    refused(run, compressed[0].read_bytes()[:length], tmp_path, "is damaged or cut short")


def test_other_files_are_refused(compressed, run, tmp_path):
    content = compressed[0].read_bytes()
    for other in (b"", b"PK\3\4", content[1:]):
        refused(run, other, tmp_path, "is not a file of `freyvae compress`")
    for format, advice in ((3, "update freyvae"), (1, "compress the images again")):
        other = content[:8] + struct.pack("<H", format) + content[10:]
        refused(run, other, tmp_path, f"has format {format}; this freyvae reads 2: {advice}")
    with pytest.raises(BadInput, match=r"cannot read .*away: No such file"):
        decompress(run, tmp_path / "away", tmp_path / "out.npy")


def test_the_file_of_another_model_is_refused(compressed, other_run, tmp_path):
    refused(other_run, compressed[0].read_bytes(), tmp_path, "was compressed with another model than that of .*other:")


def test_the_file_of_a_model_of_other_images_is_refused(compressed, run, tmp_path):
    read = compressed_file.read_compressed_file(compressed[0])
    other = compressed_file.CompressedFile(read.model, (5, 6, 1), read.writer, read.stream).to_bytes()
    refused(run, other, tmp_path, "holds 5 x 6 grey images, but .* takes 6 x 5 grey images")


def claiming(content, **claims):
    """The same file with a changed header, and the checksum for it."""
    fields = dict(
        zip(
            ("model", "height", "width", "channels", "count", "first", "writer"),
            HEADER.unpack(content[14 : 14 + HEADER.size]),
            strict=True,
        )
    )
    rest = HEADER.pack(*(fields | claims).values()) + content[14 + HEADER.size :]
    return content[:10] + struct.pack("<I", zlib.crc32(rest)) + rest


HEADER = struct.Struct("<8sHHBIIB")


def test_a_header_that_claims_more_images_than_the_file_can_hold_is_refused(compressed, run, tmp_path):
    content = compressed[0].read_bytes()
    assert claiming(content) == content
    refused(
        run,
        claiming(content, count=2**32 - 1),
        tmp_path,
        r"claims 4,294,967,295 images of 6 x 5 x 1 values, but .* bytes are too few",
    )
    refused(run, claiming(content, height=65535, width=65535, channels=255), tmp_path, "bytes are too few for them")


def test_no_header_makes_anything_but_a_file_or_a_line(compressed, tmp_path):
    """Bytes of the header and after it are changed, and the checksum is adapted, as in a malicious file."""
    content, path = compressed[0].read_bytes(), tmp_path / "odd"
    for seed in range(300):
        random = np.random.default_rng(seed)
        changed = bytearray(content[: random.integers(14, len(content) + 1)])
        for at in random.integers(14, 60, random.integers(1, 6)):
            changed[at : at + 1] = random.bytes(1)
        changed[10:14] = struct.pack("<I", zlib.crc32(changed[14:]))
        path.write_bytes(changed)
        with suppress(BadInput):
            read = compressed_file.read_compressed_file(path)
            assert read.stream.count * np.prod(read.image_shape) < 1e5 * 8 * len(changed), seed


def test_images_that_memory_does_not_hold_are_refused_before_any_is_decoded(compressed, run, tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "free_bytes_of_machine", lambda: 1000)
    refused(
        run,
        compressed[0].read_bytes(),
        tmp_path,
        r"need 0\.0 GiB of memory and 0\.0 GiB are free: use a machine with more",
    )


@pytest.mark.parametrize("more", [1, 20_000])
def test_a_stream_that_ends_before_its_images_do_is_not_gone_on_with(compressed, run, tmp_path, monkeypatch, more):
    (tmp_path / "claims").write_bytes(claiming(compressed[0].read_bytes(), count=COUNT + more))
    popped = []
    pop = pixels.Pixels.pop
    monkeypatch.setattr(pixels.Pixels, "pop", lambda self, *given: popped.append(1) or pop(self, *given))
    with pytest.raises(FreyvaeError, match="does not decode here"):
        decompress(run, tmp_path / "claims", tmp_path / "out.npy", progress=False)
    assert len(popped) < COUNT + 50
    assert not (tmp_path / "out.npy").exists()


def test_pictures_are_written_whole(compressed, run, tmp_path, monkeypatch):
    synced = []
    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(handle) or fsync(handle))
    decompress(run, compressed[0], tmp_path / "pictures", progress=False)
    assert len(synced) >= COUNT


def test_what_is_no_file_is_refused(run, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BadInput, match="it is not a file"):
        decompress(run, tmp_path / "pipe", tmp_path / "out.npy", progress=False)


def test_another_machines_probabilities_are_told(compressed, run, tmp_path):
    """A changed stream stands in for a machine that computes another last bit."""
    read = compressed_file.read_compressed_file(compressed[0])
    read.stream.words[5] ^= 1
    (tmp_path / "moved").write_bytes(read.to_bytes())
    with pytest.raises(FreyvaeError, match=r"does not decode here .* written by freyvae .*, this is freyvae") as raised:
        decompress(run, tmp_path / "moved", tmp_path / "out.npy", progress=False)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "out.npy").exists()


@pytest.mark.parametrize(
    ("out", "line"),
    [
        ("out.png", "must end in .npy, or be a folder"),
        ("full", "full exists and is not an empty folder"),
        ("/proc/freyvae/out.npy", "cannot write /proc/freyvae/out.npy"),
        ("/proc/freyvae/out", "cannot write /proc/freyvae/out"),
    ],
)
def test_places_that_images_cannot_be_written_to_are_refused(compressed, run, tmp_path, out, line):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "precious").write_text("")
    with pytest.raises(BadInput, match=line):
        decompress(run, compressed[0], tmp_path / out, progress=False)
    assert [path.name for path in tmp_path.rglob("*")] == ["full", "precious"]


@pytest.mark.parametrize(
    ("shape", "line"),
    [
        ((2, 5, 6, 1), "takes 6 x 5 grey images, but these are 5 x 6 grey images"),
        ((2, 6, 5, 3), "takes 6 x 5 grey images, but these are 6 x 5 colour images"),
    ],
)
def test_images_of_another_shape_are_refused(run, tmp_path, shape, line):
    with pytest.raises(BadInput, match=line):
        compress(run, np.zeros(shape, "uint8"), tmp_path / "out", progress=False)
    assert not any(tmp_path.iterdir())


def test_images_that_would_be_rounded_are_refused(run, images, tmp_path):
    with pytest.raises(BadInput, match="images of float64 would be rounded: only bytes"):
        compress(run, images / 255.0, tmp_path / "faces.freyvae")
    with pytest.raises(BadInput, match="images of uint16 would be rounded"):
        compress(run, images.astype("uint16") * 250, tmp_path / "faces.freyvae")
    with pytest.raises(BadInput, match="can't be made into one array"):
        compress(run, [[[1, 2]], [[1], [2]]], tmp_path / "faces.freyvae")
    assert not list(tmp_path.iterdir())


def test_a_likelihood_that_is_no_probability_of_bytes_is_refused(folder, images, tmp_path):
    run = trained(folder, "coins", likelihood="bernoulli")
    with pytest.raises(BadInput, match="bernoulli is not a probability of bytes"):
        compress(run, images, tmp_path / "out", progress=False)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("fails", [True, False])
def test_what_does_not_decode_again_is_not_written(run, images, tmp_path, monkeypatch, fails):
    def decode(self, stream, **named):
        if fails:
            raise WrongImages("the checksum is wrong")
        return images[:5] + np.uint8(1)

    monkeypatch.setattr(BitsBack, "decode", decode)
    with pytest.raises(FreyvaeError, match=r"does not decode to the same images.*nothing was written"):
        compress(run, images[:5], tmp_path / "out", progress=False)
    assert not any(tmp_path.iterdir())


def test_a_file_that_cannot_be_written_is_refused(run, images):
    with pytest.raises(BadInput, match="cannot write /proc/freyvae/out"):
        compress(run, images[:2], "/proc/freyvae/out", progress=False)


def test_the_table_says_what_each_byte_is_for(compressed):
    _, found = compressed
    table = tables.compressed(found)
    assert table.title == f"File size: {COUNT} images"
    rows = {name.strip(): (int(size.replace(",", "")), float(bits)) for name, size, bits in table.rows}
    parts = ("the images", "first image's code, a checksum", "header")
    assert rows["the file"][0] == found.file_bytes == sum(rows[part][0] for part in parts)
    assert rows["the model's free energy"][1] == pytest.approx(found.free_energy_bits_per_dim, abs=6e-4)
    for format in ("PNG", "WebP", "JPEG-XL"):
        assert f"{format}, one file an image" in rows
        assert f"{format}, one mosaic of all" in rows
    assert "every byte of a pixel is the same" in tables.compressed_sentences(found)[0]


def test_where_there_is_no_jpeg_xl_that_is_said(run, images, tmp_path, monkeypatch):
    monkeypatch.setattr(baselines, "_writes_jpeg_xl", lambda: False)
    found = compress(run, images[:3], tmp_path / "out", progress=False)
    assert "png_files" in found.lossless_bits_per_dim
    assert not any(name.startswith("jpeg_xl") for name in found.lossless_bits_per_dim)
    assert "JPEG-XL is not installed" in tables.compressed_sentences(found)[-1]
