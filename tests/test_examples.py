"""The examples run. The notebook and the two traps are tested elsewhere."""

import re
import runpy
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import freyvae
from freyvae.engine import shares

ROOT = Path(__file__).parent.parent


def test_a_sweep_chooses_on_the_validation_images(frey_faces, tmp_path, monkeypatch, capsys):
    arguments = ["sweep.py", "--trials", "2", "--epochs", "1", "--out", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", arguments)
    runpy.run_path(str(ROOT / "examples" / "sweep.py"), run_name="__main__")
    said = capsys.readouterr().out
    best = Path(re.search(r"in (\S+trial-\d+)", said)[1])
    assert (best / "model.keras").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["trial-000", "trial-001"]
    assert re.search(r"best: \d+\.\d nats per image", said)


def test_a_likelihood_of_ones_own_is_the_same_in_keras_onnx_and_the_page(tmp_path, monkeypatch, capsys):
    arguments = ["own_likelihood.py", "--synthetic", "--epochs", "2", "--out", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", arguments)
    script = str(ROOT / "examples" / "own_likelihood.py")
    # in a separate thread, since the browser of another test may have left its event loop running in this one
    with ThreadPoolExecutor(1) as pool:
        pool.submit(runpy.run_path, script, run_name="__main__").result()
    said = capsys.readouterr().out
    assert re.search(r"free energy \d\.\d+ bits per dimension", said)
    differences = re.findall(r"(?:saved|ONNX|page): +([\d.]+)", said)
    assert len(differences) == 3
    # the page answers in whole grey levels
    assert all(float(difference) <= 1 for difference in differences), said


def folder_of_squares(folder):
    """Pictures of 8 by 8 pixels in two sub-folders, bright on the left and on the right, one of them twice."""
    random = np.random.default_rng(0)
    for label, place in (("left", slice(0, 4)), ("right", slice(4, 8))):
        (folder / label).mkdir(parents=True)
        for number in range(30):
            pixels = random.integers(0, 60, (8, 8))
            pixels[:, place] += random.integers(100, 180)
            Image.fromarray(pixels.astype("uint8")).save(folder / label / f"{number}.png")
    (folder / "left" / "copy.png").write_bytes((folder / "left" / "7.png").read_bytes())
    return str(folder)


def test_a_folder_is_tidied(tmp_path, monkeypatch, capsys):
    source = folder_of_squares(tmp_path / "squares")
    recipe = freyvae.load_recipe("frey-faces").replace(
        data=source, name="squares", split="random", epochs=5, batch_size=16, hidden=(16,), latent_names=()
    )
    freyvae.train(recipe, tmp_path / "run", quiet=True, pictures=False)
    out = tmp_path / "tidy"
    monkeypatch.setattr(sys, "argv", ["tidy_folder.py", source, "--run", str(tmp_path / "run"), "--out", str(out)])
    runpy.run_path(str(ROOT / "examples" / "tidy_folder.py"), run_name="__main__")
    assert "groups in" in capsys.readouterr().out
    assert (out / "copies.csv").read_text().splitlines() == ["file,copy,bits", "left/7.png,left/copy.png,0"]
    assert len((out / "oddities.csv").read_text().splitlines()) == 49
    assert (out / "oddities.png").is_file()
    assert list((out / "groups").glob("group-*.png"))


def test_codes_are_features_for_a_classifier(tmp_path, monkeypatch, capsys):
    source = folder_of_squares(tmp_path / "squares")
    monkeypatch.setattr(sys, "argv", ["features.py", source, "--latents", "2", "--epochs", "2", "--labelled", "5"])
    runpy.run_path(str(ROOT / "examples" / "features.py"), run_name="__main__")
    said = capsys.readouterr().out
    assert "10 labelled images of 46, scored on 15 others" in said
    assert re.search(r"codes +\d+\.\d ± \d+\.\d %\n +principal components +\d+.* %\n +raw pixels +\d+.* %", said)


def test_defects_are_found_in_faces(frey_faces, tmp_path, monkeypatch, capsys):
    arguments = ["find_defects.py", "--recipe", "frey-faces", "--epochs", "30", "--out", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", arguments)
    runpy.run_path(str(ROOT / "examples" / "find_defects.py"), run_name="__main__")
    said = capsys.readouterr().out
    assert float(re.search(r"area under the ROC curve (\d\.\d+)", said)[1]) > 0.6
    assert re.search(r"out: \d+ of 50 defective pictures, and \d+ of 150 good ones", said)
    assert len(list((tmp_path / "maps").rglob("*.png"))) == 200


def test_many_drawn_pictures_are_packed_learned_from_and_encoded(tmp_path, monkeypatch, capsys):
    arguments = ["--count", "60", "--size", "8", "--recipe", "frey-faces", "--folder", str(tmp_path / "many")]
    monkeypatch.setattr(sys, "argv", ["million.py", *arguments])
    monkeypatch.setattr(shares, "cores", lambda: 1)  # a step compiled as a whole
    names = runpy.run_path(str(ROOT / "examples" / "million.py"), run_name="__main__")
    said = capsys.readouterr().out
    for words in ("packed", "trained on 48, compilation included", "encoded", "page written"):
        assert re.search(rf"^{words}: [\d.,]+ s, [\d,]+ images a second, peak memory [\d,]+ MiB$", said, re.MULTILINE)
    packed, drawn = freyvae.load_images(tmp_path / "many" / "drawn.pack"), names["Drawn"](1000, 8)
    np.testing.assert_array_equal(packed[:], drawn[:60])
    assert packed.labels[7] == names["SHAPES"][drawn.shapes[7]]
    assert np.load(tmp_path / "many" / "codes.npy").shape == (60, 2)
    assert (tmp_path / "many" / "run" / "explorer" / "index.html").is_file()


@pytest.mark.distributed
def test_a_job_of_submitit_trains(tmp_path, monkeypatch):
    np.save(tmp_path / "noise.npy", np.random.default_rng(0).integers(0, 256, (60, 8, 6), dtype=np.uint8))
    monkeypatch.chdir(tmp_path)
    words = ["noise.npy", "run", "--cluster", "local", "--recipe", "frey-faces", "--split", "random"]
    monkeypatch.setattr(sys, "argv", ["submit.py", *words, "--epochs", "2", "--batch-size", "10"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(ROOT / "examples" / "submit.py"), run_name="__main__")
    assert ended.value.code == 0
    assert freyvae.Run("run").is_finished
