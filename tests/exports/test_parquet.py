import io
import sys

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

import freyvae
from freyvae.errors import BadInput


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run on 40 pictures in two folders, one latent called x."""
    folder = tmp_path_factory.mktemp("parquet")
    noise = np.random.default_rng(0)
    for number in range(40):
        path = folder / "pictures" / ("odd" if number % 2 else "even") / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noise.integers(0, 256, (6, 7, 3), np.uint8)).save(path)
    recipe = freyvae.load_recipe("images").replace(
        data=str(folder / "pictures"), epochs=2, batch_size=10, hidden=(8,), latent_dim=2, latent_names=("x",)
    )
    return freyvae.train(recipe, folder / "run", quiet=True, pictures=False)


def test_a_row_is_an_image_with_its_code_map_neighbours_label_and_picture(run):
    (path,) = freyvae.export(run, "parquet")
    assert path == run.folder / "export" / "codes.parquet"
    table = pq.read_table(path)
    assert table.column_names == ["file", "part", "label", "x", "y", "neighbors", "image", "latent x", "z2"]
    rows, images = table.to_pylist(), freyvae.load_images(run.recipe.data.source)
    assert [row["file"] for row in rows] == list(images.files)
    assert {row["label"] for row in rows} == {"even", "odd"}
    assert [sum(row["part"] == part for row in rows) for part in ("training", "validation", "test")] == [32, 4, 4]
    codes = run.load_model().encode(images.images)
    np.testing.assert_allclose([[row["latent x"], row["z2"]] for row in rows], codes, rtol=1e-5, atol=1e-6)
    with Image.open(io.BytesIO(rows[3]["image"]["bytes"])) as picture:
        np.testing.assert_array_equal(np.asarray(picture), images.images[3])
    for number, row in enumerate(rows):
        assert len(row["neighbors"]["ids"]) == 15
        assert number not in row["neighbors"]["ids"]
        assert row["neighbors"]["distances"] == sorted(row["neighbors"]["distances"])


def test_the_map_is_the_runs_projection_where_there_is_one(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    freyvae.project(run)
    with np.load(run.projection_path) as saved:
        points = saved["points"]
    (path,) = freyvae.export(run, "parquet", tmp_path)
    table = pq.read_table(path)
    np.testing.assert_array_equal(np.stack([table["x"], table["y"]], axis=1), points)


def test_without_pyarrow_it_says_what_installs_it(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(BadInput, match=r'pip install "freyvae\[parquet\]"'):
        freyvae.export(run, "parquet")
