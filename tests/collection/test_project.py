"""Two coordinates for codes: kept in the run, and shown by the page."""

import csv
import sys

import numpy as np
import pytest
from sklearn.decomposition import PCA

import freyvae
from freyvae.__main__ import main
from freyvae.errors import BadInput
from freyvae.explorer.page import bundle_of_run
from freyvae.explorer.projection import read_projection
from freyvae.metrics.nearest import Posteriors, aggregate_deviations
from freyvae.metrics.projection import pca


def test_principal_components_are_scikit_learns():
    means = (np.random.default_rng(0).normal(size=(60, 6)) * np.arange(1, 7)).astype("float32")
    posteriors = Posteriors(means, np.full_like(means, 2.0))
    found, peer = pca(posteriors), PCA(2).fit(means / aggregate_deviations(posteriors))
    expected = peer.transform(means / aggregate_deviations(posteriors))
    np.testing.assert_allclose(np.abs(found.points), np.abs(expected), atol=1e-4)
    np.testing.assert_allclose(found.explained, peer.explained_variance_ratio_, rtol=1e-5)
    line = pca(Posteriors(means[:, :1], np.ones((60, 1), "float32")))
    assert (line.points[:, 1] == 0).all()


def test_the_map_is_kept_in_the_run_and_shown_by_its_page(copied, capsys):
    assert main(["project", str(copied.folder)]) == 0
    assert capsys.readouterr().out == "projection.csv\n"
    with open("projection.csv", newline="") as file:
        found = list(csv.DictReader(file))
    kept = read_projection(copied, 60)
    np.testing.assert_allclose([[float(row["x"]), float(row["y"])] for row in found], kept.points, rtol=1e-6)
    # the plane of a page of many latents is that of the principal components, in which one can drag
    bundle = bundle_of_run(copied)
    assert bundle.header["map"] == ""
    latents = bundle.header["latents"]["count"]
    codes, plane = (np.frombuffer(bundle.blobs[name], "<f4").reshape(-1, latents) for name in ("codes", "plane"))
    np.testing.assert_allclose((codes - plane[0]) @ plane[1:3].T, kept.points, atol=1e-4)
    assert len(bundle.blobs["labels"]) == 60
    assert bundle.header["labels"] == ["left", "right"]
    # the record is as good as before
    assert copied.is_finished
    copied.load_model()
    copied.read_history()


def test_a_damaged_map_is_refused_and_written_again(copied):
    freyvae.project(copied)
    content = bytearray(copied.projection_path.read_bytes())
    content[len(content) // 2] ^= 1
    copied.projection_path.write_bytes(content)
    with pytest.raises(BadInput, match=r"freyvae project .* writes it again"):
        bundle_of_run(copied)
    freyvae.project(copied)
    bundle_of_run(copied)


def test_wrong_input_is_one_line(copied, monkeypatch):
    with pytest.raises(BadInput, match="unknown method 'tsne'"):
        freyvae.project(copied, method="tsne")
    with pytest.raises(BadInput, match=r"projections are written as \.csv"):
        freyvae.project(copied, out="p.npy")
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(BadInput, match=r"pip install 'freyvae\[umap\]'"):
        freyvae.project(copied, method="umap")
    assert not copied.projection_path.exists()
