"""Peers of our likelihoods: what they are asked, what is kept, what the page says, and what a pixel sees."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from studies.images import page, peers
from studies.images.plan import GOALS
from studies.shared.process import Ended

MODEL = {
    "system": "olivetti-density",
    "set": "olivetti",
    "nll_bits_per_dim": 4.25,
    "processor_seconds": 900.0,
    "epochs": 80,
    "baselines": {"jpeg_xl_mosaic": 4.9, "webp_mosaic": 5.0},
}


def _job(tmp_path):
    np.save(tmp_path / "faces.npy", np.arange(10, dtype="uint8").repeat(16).reshape(10, 4, 4))
    from freyvae.recipe import load_recipe

    changes = {"data": str(tmp_path / "faces.npy"), "split": "blocked", "validation": 2, "test": 3}
    recipe = load_recipe("images").replace(**changes)
    return SimpleNamespace(system=SimpleNamespace(name="olivetti-density"), recipe=recipe)


@pytest.fixture
def asked(monkeypatch):
    """What each peer was started with, and the images that it found."""
    commands = []

    def run(command, **_):
        folder = command[3]
        parts = {name: np.load(f"{folder}/{name}.npy")[:, 0, 0, 0].tolist() for name in ("train", "validation", "test")}
        commands.append((command[2], parts, command[4:]))
        said = {"epochs": 3.2, "nll_bits_per_dim": 4.5, "val_bits_per_dim": 4.4, "weights": 7}
        failure = "" if "pixelcnn" in command[2] else "pythae is not installed"
        return Ended(1.0, 2.0, json.dumps(said), failure)

    monkeypatch.setattr(peers, "run_child", run)
    return commands


def test_peers_have_the_images_and_the_time_of_ours_and_are_compared_once(asked, tmp_path):
    job = _job(tmp_path)
    found = peers.gather([MODEL], [job], tmp_path, [])
    parts = {"train": [0, 1, 2, 3, 4], "validation": [5, 6], "test": [7, 8, 9]}
    assert [(script, images, told[0]) for script, images, told in asked] == [
        (peer.script, parts, 900.0) for peer in peers.PEERS
    ]
    assert [row["failure"] for row in found] == ["", "pythae is not installed"]
    compared = found[:1]
    for folder, before in ((tmp_path, []), (tmp_path / "elsewhere", found)):
        assert peers.gather([MODEL], [], folder, before) == compared
    assert len(asked) == len(peers.PEERS)
    assert peers.gather([MODEL], [], tmp_path / "elsewhere", []) == []


def test_a_peer_that_failed_is_asked_again_and_every_one_when_ours_took_another_time(asked, tmp_path):
    job = _job(tmp_path)
    before = peers.gather([MODEL], [job], tmp_path, [])
    asked.clear()
    peers.gather([MODEL], [job], tmp_path, before)
    assert [script for script, *_ in asked] == ["studies.images.peer_pythae"]
    asked.clear()
    longer = MODEL | {"processor_seconds": 950.0}
    assert [row["seconds"] for row in peers.gather([longer], [job], tmp_path, before)] == [950.0, 950.0]
    assert [told[0] for *_, told in asked] == [950.0, 950.0]


def test_every_peer_is_told_how_for_each_likelihood_that_has_a_goal():
    systems = {goal.system for goal in GOALS if goal.system.endswith("-density")}
    assert all(set(peer.arguments) == systems for peer in peers.PEERS)


def test_the_page_marks_the_best_of_a_row_and_leaves_out_what_failed(asked, tmp_path):
    rows = peers.gather([MODEL], [_job(tmp_path)], tmp_path, [])
    table = page.peers({"models": [MODEL], "peers": rows})
    assert "| Olivetti faces, 64 x 64 grey | **4.250** | 4.500 |  | 5.000 | 4.900 | 900 | 80, 3,  |" in table
    better = [{**row, "nll_bits_per_dim": 4.0} for row in rows if not row["failure"]]
    assert "| 4.250 | **4.000** |" in page.peers({"models": [MODEL], "peers": better})
    assert page.peers({"models": [MODEL]}) == "They are not compared yet."


@pytest.mark.backend
def test_a_pixel_of_the_pixelcnn_sees_those_before_it_and_no_other():
    torch = pytest.importorskip("torch")
    from studies.images.peer_pixelcnn import PixelCNN

    torch.manual_seed(0)
    model = PixelCNN(3, 8).eval()
    images = torch.randint(0, 256, (1, 3, 12, 8), dtype=torch.uint8)
    changed = images.clone()
    changed[..., 6, 3] = 255 - changed[..., 6, 3]
    differ = (model(images) - model(changed)).abs().amax((0, 1)).flatten() > 1e-7
    assert not differ[: 6 * 8 + 4].any()
    assert differ[6 * 8 + 4 :].all()


@pytest.mark.backend
def test_the_levels_of_the_pixelcnns_logistic_have_all_of_the_probability():
    torch = pytest.importorskip("torch")
    from studies.images.peer_pixelcnn import log_mass

    levels = torch.arange(256, dtype=torch.float64)[:, None] / 127.5 - 1.0
    location, log_scale = (
        torch.tensor(of, dtype=torch.float64) for of in ([-1.5, -1.0, 0.1, 0.9], [-2.0, -5.0, -7.0, 0.5])
    )
    torch.testing.assert_close(
        torch.exp(log_mass(levels, location, log_scale)).sum(0), torch.ones(4, dtype=torch.float64)
    )
