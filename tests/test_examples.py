"""The examples run. The notebook and the two traps are tested elsewhere."""

import re
import runpy
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

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


def test_defects_are_found_in_faces(frey_faces, tmp_path, monkeypatch, capsys):
    arguments = ["find_defects.py", "--recipe", "frey-faces", "--epochs", "30", "--out", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", arguments)
    runpy.run_path(str(ROOT / "examples" / "find_defects.py"), run_name="__main__")
    said = capsys.readouterr().out
    assert float(re.search(r"area under the ROC curve (\d\.\d+)", said)[1]) > 0.6
    assert re.search(r"out: \d+ of 50 defective pictures, and \d+ of 150 good ones", said)
    assert len(list((tmp_path / "maps").rglob("*.png"))) == 200
