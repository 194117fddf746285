"""Pictures are scored into a table with a record beside it, and what is wrong is said in a line."""

import csv
import json
import shutil

import numpy as np
import pytest
from PIL import Image

import freyvae
from freyvae.__main__ import main
from freyvae.errors import BadInput
from freyvae.evaluation.oddness import SCORES, Oddness, joined
from freyvae.explorer.page import read_bundle, write_page
from freyvae.explorer.scores import read_scores
from freyvae.metrics.conformal import conformal_threshold
from freyvae.reporting.pictures.heat_map import save_heat_map

COLUMNS = ["percentile", *SCORES.values()]


def _ordinary(count, seed):
    """Grey squares that become lighter to the right, with little noise."""
    random = np.random.default_rng(seed)
    levels = random.uniform(60, 120, (count, 1, 1)) + np.linspace(0, 80, 9)
    return np.clip(levels + random.normal(0, 4, (count, 8, 9)), 0, 255).astype("uint8")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("score")
    np.save(folder / "ordinary.npy", _ordinary(300, 0))
    recipe = freyvae.load_recipe("frey-faces").replace(
        data=str(folder / "ordinary.npy"),
        split="random",
        validation=100,
        test=50,
        hidden=(16,),
        epochs=30,
        batch_size=50,
        latent_names=(),
    )
    return freyvae.train(recipe, folder / "run", quiet=True, pictures=False)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Twelve ordinary pictures, and eight with a white square at the same place, in a sub-folder of each."""
    folder = tmp_path_factory.mktemp("pictures")
    images = _ordinary(20, 1)
    images[12:, 2:5, 1:4] = 255
    for number, image in enumerate(images):
        place = folder / ("good" if number < 12 else "scratched")
        place.mkdir(exist_ok=True)
        Image.fromarray(image).save(place / f"{number:02}.png")
    return folder


def _table(path):
    with open(path, newline="") as file:
        header, *rows = csv.reader(file)
    return header, rows


def test_scores_of_a_runs_own_pictures_are_kept_and_its_page_knows_them(run, pictures, tmp_path):
    own = freyvae.Run(shutil.copytree(run.folder, tmp_path / "copy"))
    write_page(own)
    freyvae.score(own, pictures, out="others.csv")
    assert read_scores(own, 300) is None
    found = freyvae.score(own, run.recipe.data.source, by="error", out="own.csv")
    kept = read_scores(own, 300)
    assert kept.by == "error"
    order = np.argsort(found.columns["error_grey_levels"])
    np.testing.assert_array_equal(kept.shares[order], (np.arange(300) / 300).astype(np.float32))
    page = read_bundle(own.explorer_path)
    assert page.header["score"] == "error"
    np.testing.assert_array_equal(np.frombuffer(page.blobs["scores"], "<f4"), kept.shares)
    own.load_model()  # the record is as good as before
    said = []
    with own.lock():
        freyvae.score(own.folder, run.recipe.data.source, out="held.csv", say=said.append)
    assert any("not kept for the page: another process is working on" in line for line in said)
    own.scores_path.write_bytes(b"no arrays")
    with pytest.raises(BadInput, match=r"scores.npz is damaged: `freyvae score .*ordinary.npy` writes it again"):
        read_scores(own, 300)


def test_a_table_has_the_files_and_numbers_alone_and_a_record_says_what_they_are_worth(run, pictures, tmp_path):
    found = freyvae.score(run, pictures, threshold=0.9, normal=["good"], maps="maps", out="odd.csv")
    header, rows = _table("odd.csv")
    assert header == ["file", "percentile", "is_out", *SCORES.values()]
    assert [row[0] for row in rows] == list(found.files)
    numbers = np.array([row[1:] for row in rows], float)
    np.testing.assert_allclose(numbers, np.transpose(list(found.columns.values())))
    np.testing.assert_allclose(
        found.columns["free_energy_nats"], found.columns["distortion_nats"] + found.columns["rate_nats"]
    )
    record = json.loads((tmp_path / "odd.json").read_text())
    assert record["detection"]["oddness"]["area_under_roc"]["value"] > 0.95
    assert record["codec"] == "png"
    assert (record["odd_images"], record["compared_with"], record["compared_with_images"]) == (8, "validation", 100)
    of_threshold = record["threshold"]
    assert of_threshold["out"] == found.columns["is_out"].sum() >= 7
    assert of_threshold["false_positives_of"] == 50
    assert of_threshold["false_positives"]["low"] <= 0.1 <= of_threshold["false_positives"]["high"] + 0.05
    assert all(found.files[place].startswith("scratched") for place in found.oddest(5))
    # a PNG a picture: itself, its bits, its deviations, the brightest where the square is
    with Image.open(tmp_path / "maps" / "scratched" / "15.png.png") as picture:
        shown = np.asarray(picture).astype(int).sum(axis=2)
    times = shown.shape[0] // 8
    deviations = shown[:, -9 * times :]
    down, across = np.unravel_index(deviations.argmax(), deviations.shape)
    assert 1 <= down // times <= 5
    assert 0 <= across // times <= 4
    assert len(list((tmp_path / "maps").rglob("*.png"))) == 20


def test_the_percentile_is_that_among_the_runs_held_out_pictures(run, pictures):
    found = freyvae.score(run, pictures, by="distortion")
    vae = run.load_model()
    images = np.load(run.recipe.data.source)[..., None]
    split = freyvae.split_indices(300, "random", validation=100, test=50, seed=run.recipe.split.seed)
    held_out = Oddness(vae, images[split.train], images[split.validation]).held_out["distortion_nats"]
    expected = [100 * np.mean(held_out < own) for own in found.columns["distortion_nats"]]
    np.testing.assert_allclose(found.columns["percentile"], expected)


def test_the_error_is_that_of_the_reconstruction_of_the_whole_picture(run, pictures):
    found = freyvae.score(run, pictures, by="error", normal=["good"])
    images = freyvae.load_images(pictures).images
    differences = 255.0 * run.load_model().reconstruct(images) - images
    expected = np.sqrt(np.square(differences).mean(axis=(1, 2, 3)))
    np.testing.assert_allclose(found.columns["error_grey_levels"], expected, rtol=1e-4)
    assert found.oddest(1) == [expected.argmax()]
    assert found.record.detection["error_grey_levels"].area_under_roc.value > 0.9


def test_the_command_writes_what_the_function_writes_and_says_which_are_oddest(run, pictures, capsys):
    freyvae.score(run, pictures, normal=["good"], threshold=0.95, out="function.csv")
    words = ["score", str(run.folder), str(pictures), "--normal", "good", "--threshold", "0.95", "--out", "command.csv"]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert _table("command.csv") == _table("function.csv")
    assert "The oddest of 20 pictures, by oddness" in said
    assert "How well 8 odd pictures are told from 12" in said
    assert "pictures are out at the threshold 0.95. Of 50 held-out pictures that it was not chosen on" in said


def test_labels_may_be_a_table_of_0_and_1_or_are_left_aside_with_a_note(run, pictures):
    rows = "".join(f"{number:02}.png,{int(number >= 12)}\n" for number in range(20))
    with open("labels.csv", "w") as file:
        file.write("file,label\n" + rows)
    found = freyvae.score(run, pictures, labels="labels.csv")
    assert found.record.odd_images == 8
    said = []
    assert freyvae.score(run, pictures, say=said.append).record.detection is None
    assert said[-1] == "note: labels are left aside: say with normal=... which are ordinary, of good, scratched"


def test_pictures_of_another_size_and_in_colour_are_brought_to_the_models_which_is_said(run, tmp_path):
    Image.fromarray(np.zeros((20, 30, 3), "uint8") + np.arange(3, dtype="uint8")).save("large.png")
    said = []
    found = freyvae.score(run, "large.png", say=said.append)
    assert len(found.columns["oddness"]) == 1
    assert [line.split(",")[0] for line in said[-2:]] == ["note: images of 20x30", "note: colour images"]


def test_a_threshold_is_one_of_the_pictures_that_are_compared_with(run, pictures, monkeypatch):
    monkeypatch.setattr("freyvae.inference.score.MOST_HELD_OUT", 50)
    with pytest.raises(
        BadInput, match=r"50 of the 100 held-out pictures are compared with, so give threshold=0\.98 or"
    ):
        freyvae.score(run, pictures, threshold=0.985)


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"threshold": 0.999}, "threshold=0.999 needs at least 999 held-out pictures, and there are 100"),
        ({"threshold": 1.5}, "threshold must be a number between 0 and 1, such as 0.99, not 1.5"),
        ({"by": "beauty"}, "unknown by 'beauty': choose one of oddness, free-energy"),
        ({"codec": "gif"}, "unknown codec 'gif': choose one of png, webp, jpeg-xl"),
        ({"normal": ["fine"]}, "no picture has the label fine: there are good, scratched"),
        ({"normal": ["good", "scratched"]}, r"all pictures are ordinary by their labels \(good, scratched\)"),
        ({"out": "scores.txt"}, "scores are written as .csv, not as scores.txt"),
        ({"samples": 0}, "samples must be a whole number and at least 1, not 0"),
    ],
)
def test_what_cannot_be_is_said_in_a_line_and_nothing_is_written(run, pictures, tmp_path, given, line):
    with pytest.raises(BadInput, match=line):
        freyvae.score(run, pictures, **given)
    assert not list(tmp_path.iterdir())


def test_folders_and_runs_that_are_not_as_they_should_be_are_refused(run, pictures, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match="no pictures in this folder"):
        freyvae.score(run, "empty")
    with pytest.raises(BadInput, match="is not a run folder"):
        freyvae.score("empty", pictures)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").touch()
    with pytest.raises(BadInput, match=r"full exists and is not an empty folder: choose another with maps="):
        freyvae.score(run, pictures, maps="full")
    with pytest.raises(BadInput, match=r"normal=\.\.\. names labels, but the pictures have none"):
        freyvae.score(run, pictures / "good", normal=["good"])


def test_few_held_out_pictures_are_refused(run):
    images = _ordinary(20, 2)[..., None]
    with pytest.raises(BadInput, match="only 4 held-out pictures to compare with, fewer than 5"):
        Oddness(run.load_model(), images, images[:4])


@pytest.mark.parametrize(("held_out", "level", "needed"), [(3, None, 5), (4, 0.8, 5), (8, 0.9, 9)])
def test_where_half_of_a_part_is_compared_with_it_is_said_how_many_it_takes(held_out, level, needed):
    from freyvae.inference.score import _check_halves

    with pytest.raises(BadInput, match=f"it takes {needed}: train .* or with one of them at least {2 * needed}"):
        _check_halves("every second validation", held_out, level)
    _check_halves("validation", held_out, level)
    _check_halves("every second validation", needed, level)


def test_a_likelihood_that_is_no_probability_of_bytes_has_no_corrected_score(run):
    vae = freyvae.VAE((8, 9, 1), 2, likelihood="bernoulli", hidden=(4,), seed=0)
    images = _ordinary(20, 2)[..., None]
    found = Oddness(vae, images, images[:10]).scores_of(images[10:])
    assert set(found) == set(SCORES.values()) - {"corrected_bits"}
    assert all(np.isfinite(values).all() for values in found.values())


def test_the_held_out_pictures_themselves_have_the_scores_that_others_are_compared_with():
    vae = freyvae.VAE((8, 9, 1), 2, hidden=(4,), seed=0)
    images = _ordinary(30, 2)[..., None]
    images[25, 3, 3] = 255
    oddness = Oddness(vae, images[:20], images[20:])
    found = joined([chunk.scores for chunk in oddness.of_held_out()])
    for column, expected in oddness.held_out.items():
        np.testing.assert_allclose(found[column], expected, rtol=1e-4, err_msg=column)
    # among itself it looks less odd than among others
    assert found["local_deviations"][5] > oddness.scores_of(images[20:])["local_deviations"][5]


def test_a_held_out_picture_is_standardised_by_all_others():
    from freyvae.evaluation.oddness import _Usual

    maps = np.random.default_rng(0).normal(size=(9, 3, 4))
    left_out = _Usual(maps).left_out(maps)
    for place in range(9):
        others = np.delete(maps, place, axis=0)
        np.testing.assert_allclose(left_out[place], _Usual(others).standardised(maps[place]), rtol=1e-5)


def test_the_scale_of_a_held_out_picture_is_that_of_all_others():
    from freyvae.evaluation.oddness import _scale, _scale_of_others

    scores = np.round(np.random.default_rng(6).gamma(1.0, size=31), 1)  # with ties
    apart = [_scale(np.delete(scores, place)) for place in range(len(scores))]
    np.testing.assert_allclose(_scale_of_others(scores), np.transpose(apart))


def test_few_held_out_pictures_promise_no_more_than_they_keep():
    from freyvae.evaluation.oddness import _oddness, _scale, _scale_of_others

    random, out = np.random.default_rng(7), []
    for _ in range(2000):
        held_out, new = ({name: random.gamma(1.0, size=size) for name in "abc"} for size in (9, 1))
        scales, of_others = ({name: scale(held_out[name]) for name in "abc"} for scale in (_scale, _scale_of_others))
        line = conformal_threshold(_oddness(held_out, of_others), 0.9)
        out.append(_oddness(new, scales)[0] > line)
    assert np.mean(out) < 0.1


@pytest.mark.parametrize("name", ["a/1", "/tmp/a/1", "../../a/1", "a/../../1", "C:\\a\\1", "..", "/", ""])
def test_a_map_lies_in_its_folder_whatever_a_picture_is_called(tmp_path, name):
    save_heat_map(np.zeros((2, 2, 3), np.uint8), tmp_path / "within" / "maps", name)
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) == 1
    assert written[0].suffix == ".png"
    assert (tmp_path / "within" / "maps") in written[0].parents
