import numpy as np
import pytest
from PIL import Image

import freyvae
from freyvae.errors import BadInput
from freyvae.inference.paths import attribute, lines


def code_of(run, picture):
    return run.load_model().encode(freyvae.load_images(picture).images)


def as_levels(pixels):
    return np.rint(255 * pixels).astype("uint8")


def test_a_walk_decodes_the_straight_line_between_two_codes(labelled, picture, other):
    found = np.load(freyvae.walk(labelled, picture, other, steps=5, out="walk.npy"))
    first, last = code_of(labelled, picture), code_of(labelled, other)
    vae = labelled.load_model()
    expected = [vae.decode(first + share * (last - first))[0] for share in (0, 0.25, 0.5, 0.75, 1)]
    assert found.shape == (1, 5, 8, 8, 1)
    np.testing.assert_allclose(found[0], as_levels(np.stack(expected)), atol=1)


def test_a_walk_is_a_picture_or_goes_there_and_back(labelled, picture, other):
    with Image.open(freyvae.walk(labelled, picture, other, steps=4, out="walk.png")) as row:
        assert row.width == 4 * row.height
    with Image.open(freyvae.walk(labelled, picture, other, steps=4, out="walk.gif")) as frames:
        assert (frames.n_frames, frames.info["loop"]) == (6, 0)
        assert max(frames.size) <= 512


def test_a_traversal_changes_one_latent_at_a_time(labelled, picture):
    said = []
    found = np.load(
        freyvae.traverse(labelled, picture, latents=["light", 3], steps=3, span=2.0, out="rows.npy", say=said.append)
    )
    assert said == ["from the top: light, z3"]
    code = np.tile(code_of(labelled, picture), (3, 1))
    for row, latent in zip(found, (0, 2), strict=True):
        line = code.copy()
        line[:, latent] = [-2, 0, 2]
        np.testing.assert_allclose(row, as_levels(labelled.load_model().decode(line)), atol=1)


def test_without_a_picture_latents_start_from_the_middle_of_the_prior():
    np.testing.assert_array_equal(lines(np.zeros(2), [1], steps=3, span=1.5), [[[0.0, -1.5], [0.0, 0.0], [0.0, 1.5]]])


def test_the_latents_that_tell_most_come_first_where_none_are_named(labelled):
    said = []
    assert np.load(freyvae.traverse(labelled, out="rows.npy", say=said.append)).shape == (4, 11, 8, 8, 1)
    codes = labelled.load_model().encode(freyvae.load_images(labelled.recipe.data.source).images)
    loudest = int(codes.var(axis=0).argmax())
    assert said[0].startswith(f"from the top: {['light', 'z2', 'z3', 'z4'][loudest]}")


def test_along_a_label_a_picture_gets_more_of_it(labelled, other):
    found = np.load(freyvae.vary(labelled, other, "bright", steps=3, strength=1.0, out="rows.npy"))[0]
    middle = as_levels(labelled.load_model().decode(code_of(labelled, other)))[0]
    np.testing.assert_allclose(found[1], middle, atol=1)
    assert found[0].mean() < found[1].mean() < found[2].mean()


def test_an_attribute_is_the_difference_of_means():
    codes = np.array([[1.0, 0.0], [3.0, 0.0], [0.0, 5.0]])
    np.testing.assert_array_equal(attribute(codes, np.array([True, True, False])), [2.0, -5.0])
    with pytest.raises(BadInput, match="one label only"):
        attribute(codes, np.ones(3, bool))


def test_what_cannot_be_is_refused(labelled, picture, other, tmp_path):
    for call, message in [
        (lambda: freyvae.walk(labelled, picture, other, steps=1), "steps must be a whole number and at least 2"),
        (lambda: freyvae.walk(labelled, picture, picture.parent), "last must be one picture, but there are 20"),
        (lambda: freyvae.walk(labelled, picture, other, out=tmp_path / "w.jpg"), r"must end in \.png or \.gif"),
        (lambda: freyvae.walk(labelled, picture, "nowhere.png"), "no such folder or file"),
        (lambda: freyvae.walk(labelled, picture, other, out=picture), "is read here, and would be lost"),
        (
            lambda: freyvae.traverse(labelled, latents=["5"]),
            "latents must be of these, 1 to 4, or light to z4, not '5'",
        ),
        (lambda: freyvae.traverse(labelled, latents=["humour"]), "not 'humour'"),
        (lambda: freyvae.traverse(labelled, latents=[]), "latents must name one at least"),
        (lambda: freyvae.traverse(labelled, out=picture), "is read here, and would be lost"),
        (lambda: freyvae.walk(labelled, other, other, out=picture), "is read here, and would be lost"),
        (lambda: freyvae.vary(labelled, other, "dark", out=picture), "is read here, and would be lost"),
        (lambda: freyvae.traverse(labelled, span=float("nan")), "span must be finite"),
        (lambda: freyvae.vary(labelled, picture, "green"), "label must be one of the run's, bright, dark, not 'green'"),
    ]:
        with pytest.raises(BadInput, match=message):
            call()


def test_pictures_of_other_sizes_and_colours_are_brought_to_the_models_and_that_is_said(labelled, picture, tmp_path):
    Image.new("RGB", (20, 30), (250, 30, 30)).save(tmp_path / "red.png")
    said = []
    freyvae.walk(labelled, tmp_path / "red.png", picture, say=said.append)
    assert said == [
        "note: images of 30x20, brought to the model's 8x8 (height x width)",
        "note: colour images, taken as grey",
    ]
    np.save(tmp_path / "five.npy", np.full((1, 8, 8, 5), 100, "uint8"))
    with pytest.raises(BadInput, match=r"8 x 8 images of 5 channels, but the model of .* is for 8 x 8 grey images"):
        freyvae.walk(labelled, tmp_path / "five.npy", picture)


def test_a_folder_of_different_sizes_is_encoded(labelled, tmp_path):
    for number, size in enumerate([(9, 9), (12, 10)]):
        Image.new("L", size, 100).save(tmp_path / f"{number}.png")
    said = []
    codes = freyvae.encode(labelled, tmp_path, out="codes.npy", say=said.append)
    assert np.load(codes).shape == (2, 4)
    assert said[0] == "note: pictures of different sizes, brought to the model's 8x8 (height x width)"
