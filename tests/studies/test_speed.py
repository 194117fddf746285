"""The benchmarks: tables, picture and page show the measurements, and every kind of work runs. Times are not tested."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from studies.shared.process import HERE, Ended, run_child
from studies.speed import __main__ as program
from studies.speed import convolutions, gpu, many, packs, peers, process, processes, scaling, throughput
from studies.speed.page import PARTS, TITLES, fill, section
from studies.speed.peers import Contender, take_turns
from studies.speed.picture import draw
from studies.speed.scaling import Work

from freyvae.__main__ import main
from freyvae.engine import shares
from freyvae.errors import BadInput
from freyvae.recipe import load_recipe

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "performance.md"
MACHINE = {"cpu": "a processor", "cores": 2, "versions": {"keras": "3.15.1"}}
ABSENT = "nothing is not installed"


def contender(name, seconds, loss=0.63):
    return {
        "name": name,
        "absent": "",
        "seconds": seconds,
        "ours_over_theirs": 2.0 / seconds,
        "compile_seconds": 1.0,
        "loss": loss,
        "val_loss": loss,
        "peak_mib": 500.0,
        "rounds": [{"seconds": factor * seconds} for factor in (1.0, 1.5, 0.9)],
    }


def convolutional(name, a_second):
    figures = {"a_second": a_second, "loss": 4000.4, "weights": 1_000_000, "peak_mib": 500.0}
    return {"network": "gated", "name": name, "absent": "", **figures, "ours_over_theirs": 60.0 / a_second}


def side(name, seconds):
    figures = {"seconds": seconds, "processor_seconds": 1.5 * seconds, "peak_mib": 1234.0}
    return {"name": name, "absent": "", **figures, "pictures": 9, "val_loss": 0.6366}


def points(axis, exponent):
    found = [
        {**work._asdict(), "size": scaling.size(axis, work), "absent": "", "peak_mib": 300.0, "epochs": 3}
        for work in scaling.AXES[axis]
    ]
    for point in found:
        point["seconds"] = 0.2 * point["size"] ** exponent
        point["microseconds_an_image"] = point["seconds"] / point["images"] * 1e6
    return {"name": axis, "points": found, "exponent": exponent, "last_exponent": scaling.slope(found[-2:])}


def shared(network, alone, together, gradient_bytes):
    return {
        "network": network,
        "batch": 32,
        "images": 100,
        "a_second_1": alone,
        "a_second_2": together,
        "gradient_bytes": gradient_bytes,
    }


@pytest.fixture
def results():
    """Made-up figures of every part."""
    gone = {"name": "who is gone", "absent": ABSENT}
    seeds = {
        "absent": "",
        "val_loss": 0.6371,
        "val_loss_deviation": 0.001,
        "largest_difference": 0.0,
        "peak_mib": 700.0,
    }
    work = {"label": "decode 20,000 codes", "seconds": 0.5, "a_second": 40_000.0, "unit": "images", "peak_mib": 400.0}
    found = {
        "peers": {
            "rounds": 3,
            "epochs": 100,
            "contenders": [contender("freyvae", 2.0), contender("a loop", 5.0), contender("limit", 1.0, None), gone],
        },
        "process": {
            "rounds": 2,
            "epochs": 100,
            "sides": [side(process.COLD, 18.0), side(process.WARM, 9.0), side(process.POST, 36.0), gone],
        },
        "many": {
            "seeds": 4,
            "rounds": 1,
            "epochs": 100,
            "sides": [
                {"name": "at once", "seconds": 20.0, **seeds},
                {"name": "in sequence", "seconds": 80.0, **seeds},
                gone,
            ],
        },
        "throughput": {
            "work": [{"name": "decode", "absent": "", **work}, {"name": "gone", "label": "gone", "absent": ABSENT}]
        },
        "scaling": {
            "axes": [
                points("images", 0.98),
                points("pixels", 0.9),
                points("latents", 0.1),
                points("batch", -0.3),
                points("pixels in colour, convolutions", 1.1),
                points("channels, convolutions", 0.2),
            ]
        },
        "convolutions": {
            "rounds": 1,
            "images": 128,
            "batch": 32,
            "rows": [
                convolutional(convolutions.OURS, 60.0),
                convolutional("a loop", 90.0),
                {"network": "gated", **gone},
            ],
        },
        "packs": {
            "rounds": 3,
            "decoding": {
                "pictures": 60_000,
                "side": 32,
                "processes": 2,
                "rows": [
                    {"name": packs.OURS, "absent": "", "seconds": 8.0, "a_second": 7500.0, "peak_mib": 90.0},
                    {"name": packs.PILLOW, "absent": "", "seconds": 6.0, "a_second": 10_000.0, "peak_mib": 50.0},
                    gone,
                ],
            },
            "opening": {
                "images": 10**6,
                "side": 64,
                "rows": [{"name": "opened", "absent": "", "seconds": 0.01, "peak_mib": 80.0}, gone],
            },
            "training": {
                "steps": 400,
                "batch": 32,
                "imports_mib": 300.0,
                "rows": [
                    {"name": packs.DISK, "absent": "", "seconds": 20.0, "peak_mib": 900.0},
                    {"name": packs.MEMORY, "absent": "", "seconds": 16.0, "peak_mib": 1000.0},
                    gone,
                ],
            },
            "mixing": {"images": 10, "labels": 2, "batch": 5, "absent": ABSENT},
        },
        "processes": {
            "rounds": 1,
            "cores": 2,
            "rows": [shared("dense", 100.0, 180.0, 2**20), shared("convolutional", 10.0, 19.0, 2**23)],
        },
        "gpu": {"device": "", "reason": "no GPU"},
        "explorer": {
            "absent": "",
            "faces": "synthetic-faces",
            "figures": [
                {"name": "one frame", "value": 1.5, "limit": 2.0, "unit": "ms"},
                {"name": "first face", "value": 600.0, "limit": 500.0, "unit": "ms"},
            ],
        },
    }
    return {name: {"machine": MACHINE, **part} for name, part in found.items()}


def rows(table):
    """The cells of each line of one or several tables."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line]


def test_tables_have_the_figures_and_the_ratios(results):
    found = {name: {row[0]: row for row in rows(module.table(results[name]))} for name, module in PARTS.items()}
    assert found["peers"]["a loop"] == ["a loop", "5.00", "4.50 to 7.50", "0.40", "1.00", "0.6300", "0.6300", "500"]
    assert found["peers"]["limit"][3:7] == ["2.00", "1.00", "", ""]
    assert found["process"][process.WARM] == [process.WARM, "9.0", "0.25", "0.50", "13.5", "1,234", "9", "0.6366"]
    assert found["many"]["in sequence"][1:5] == ["80.0", "20.00", "0.25", "0.6371 ± 0.0010"]
    assert found["throughput"]["decode 20,000 codes"] == ["decode 20,000 codes", "0.50", "40,000 images", "400"]
    assert found["scaling"]["112 x 80 pixels"][1] == "8,960"
    assert found["scaling"]["batch"] == ["batch", "-0.30", "-0.30"]
    assert found["scaling"]["256 x 256 pixels in colour, convolutions"][1] == "65,536"
    assert found["scaling"]["channels, convolutions"] == ["channels, convolutions", "0.20", "0.20"]
    table = rows(convolutions.table(results["convolutions"]))
    assert table[3][1:] == ["a loop", "90.0", "0.67", "1,000,000", "4,000.4", "500"]
    assert found["packs"][packs.OURS] == [packs.OURS, "8.00", "7,500", "0.75", "90"]
    assert found["packs"]["opened"] == ["opened", "0.01", "80"]
    assert found["packs"][packs.DISK] == [packs.DISK, "640.0", "0.80", "900", "600"]
    assert found["explorer"]["first face"] == ["first face", "600.00 ms", "500 ms", "missed"]
    assert gpu.table(results["gpu"]) == "no GPU: skipped"
    step = {"batch": 100, "precision": "float32", "operations": 2e9, "bytes": 4e6}
    networks = {"batch": 50, "rows": [{**results["convolutions"]["rows"][0], "network": "`images`, float32"}]}
    networks["rows"][0]["name"] = "freyvae"
    costs = {
        "absent": "",
        "rates": {"bytes": 1e12, "float32": 2e14, "bfloat16": 4e14},
        "steps": {"post": step, "`images`, float32": {**step, "batch": 50}},
    }
    measured = {**results["peers"], "device": "a card", "networks": networks, "costs": costs}
    on_gpu = gpu.table(measured)
    assert on_gpu.startswith("a card\n\n| contender |")
    steps = {row[0]: row[1:] for row in rows(on_gpu)}
    seconds = results["peers"]["contenders"][0]["seconds"] / (results["peers"]["epochs"] * 18)
    assert steps["post"] == ["2.00", "10.0", "4.0", "4.0", f"{1e6 * seconds:,.0f}", f"{1e-5 / seconds:.2f}"]
    assert len(steps["`images`, float32"]) == 6
    assert gpu.table({**measured, "costs": {"absent": ABSENT}}).endswith(f"absent: {ABSENT}")
    for name in ("peers", "process", "many", "throughput", "convolutions"):
        table = rows(PARTS[name].table(results[name]))
        assert {len(row) for row in table} == {len(table[0])}


@pytest.mark.parametrize("name", ["peers", "process", "many", "throughput", "convolutions", "packs"])
def test_who_is_absent_is_named(results, name):
    last = PARTS[name].table(results[name]).splitlines()[-1]
    assert f"absent: {ABSENT}" in last
    assert "gone" in last or name == "packs"


def test_what_failed_is_named_in_the_other_tables(results):
    for axis in results["scaling"]["axes"]:
        axis["points"][-1] = {**axis["points"][-1], "absent": "ended by SIGKILL"}
    assert scaling.table(results["scaling"]).count("absent: ended by SIGKILL") == 6
    draw(results)
    explorer = PARTS["explorer"]
    assert explorer.table({"absent": "there is no Chromium"}) == "absent: there is no Chromium"
    assert explorer.missed({"absent": "there is no Chromium"}) == []


def test_without_our_own_figures_there_are_no_ratios(results):
    for part, kind in (("peers", "contenders"), ("many", "sides"), ("process", "sides")):
        results[part][kind][0] = {"name": results[part][kind][0]["name"], "absent": ABSENT}
    for row in results["peers"]["contenders"]:
        row["ours_over_theirs"] = None
    assert rows(peers.table(results["peers"]))[3][:4] == ["a loop", "5.00", "4.50 to 7.50", ""]
    assert rows(many.table(results["many"]))[3][3] == ""
    assert rows(process.table(results["process"]))[3][2:4] == ["0.25", ""]
    draw(results)


def test_the_picture_shows_every_figure(results):
    figure = draw(results)
    assert len(figure.axes) == 2 + 4
    training, whole, *curves = figure.axes
    assert [text.get_text() for text in training.texts] == ["1.0", "2.0", "5.0 (2.5×)"]
    assert [text.get_text() for text in whole.texts] == ["18.0", "9.0 (0.5×)", "36.0 (2.0×)"]
    assert [axes.get_title("left") for axes in curves] == [
        f"exponent {text}" for text in ("0.98", "0.90", "0.10", "−0.30")
    ]
    assert len(draw({"scaling": results["scaling"]}).axes) == 4
    assert not draw({}).axes


def test_a_part_changes_only_its_own_figures(results, tmp_path, monkeypatch, capsys):
    program.keep(tmp_path, results)
    before = json.loads((tmp_path / "performance.json").read_text("utf-8"))
    assert before == results
    fresh = {"device": "a card", **{key: results["peers"][key] for key in ("rounds", "epochs", "contenders")}}
    fresh |= {"networks": {"batch": 1, "rows": []}, "costs": {"absent": ABSENT}}
    monkeypatch.setattr(gpu, "run", lambda **amounts: fresh)
    monkeypatch.setattr(program, "describe", lambda: MACHINE)
    assert program.main(["--only", "gpu", "--quick", "--out", str(tmp_path)]) == 0
    after = json.loads((tmp_path / "performance.json").read_text("utf-8"))
    assert after == {**results, "gpu": {"machine": MACHINE, **fresh}}
    assert list(after) == list(PARTS)
    assert "# On a GPU\n\na card\n" in capsys.readouterr().out
    assert (tmp_path / "pictures" / "performance.png").stat().st_size > 10_000


def test_a_part_that_fails_is_named_and_the_others_go_on(results, tmp_path, monkeypatch, capsys):
    def fail(**sizes):
        raise OSError("no space")

    monkeypatch.setattr(program, "describe", lambda: MACHINE)
    for name, module in PARTS.items():
        monkeypatch.setattr(module, "run", lambda found=results[name], **sizes: found)
    monkeypatch.setattr(peers, "run", fail)
    assert program.main(["--quick", "--out", str(tmp_path)]) == 1
    said = capsys.readouterr()
    assert "peers failed: OSError: no space" in said.err
    assert "the explorer exceeded its limit: first face" in said.err
    assert list(json.loads((tmp_path / "performance.json").read_text("utf-8"))) == list(PARTS)[1:]

    def interrupt(**sizes):
        raise KeyboardInterrupt

    monkeypatch.setattr(peers, "run", interrupt)
    assert program.main(["--only", "peers", "--quick", "--out", str(tmp_path)]) == 130


def test_the_pages_tables_are_those_of_the_figures(results, tmp_path):
    text = fill(PAGE.read_text("utf-8"), results)
    for name, found in results.items():
        assert f"<!-- begin {name} -->\n\n{section(name, found)}\n\n<!-- end {name} -->" in text
    assert "Medians of 3 rounds. Measured on a processor, 2 cores; keras 3.15.1." in text
    # the second time nothing changes, and parts that were not measured stay
    assert fill(text, results) == text
    assert fill(text, {"gpu": results["gpu"]}) == text
    with pytest.raises(BadInput, match="no place for peers"):
        fill("no markers", results)
    (tmp_path / "performance.md").write_text(PAGE.read_text("utf-8"), "utf-8")
    assert program.main(["--page", "--out", str(tmp_path)]) == 2
    program.keep(tmp_path, results)
    assert program.main(["--page", "--out", str(tmp_path)]) == 0
    assert (tmp_path / "performance.md").read_text("utf-8") == text


def test_the_documented_figures_are_those_of_the_json():
    path = ROOT / "docs" / "performance.json"
    if not path.is_file():
        pytest.skip("`make bench` has not been run yet")
    text = path.read_text("utf-8")
    assert fill(PAGE.read_text("utf-8"), json.loads(text)) == PAGE.read_text("utf-8")
    # neither paths of a machine nor its name
    assert not re.search(r"(?<![\w.])/(home|root|work|tmp|Users)/", text)


def test_every_part_can_be_asked_for():
    assert list(PARTS) == list(TITLES)
    assert all(hasattr(module, "QUICK") for module in PARTS.values())


def test_a_child_is_measured_and_its_failure_said():
    script = "import numpy, sys; print('{\"held\": ' + str(numpy.ones(2**24).nbytes) + '}')"
    ended = run_child([HERE, "-c", script])
    assert ended.failure == ""
    assert ended.said() == {"held": 2**27}
    assert ended.seconds > 0
    assert ended.processor_seconds > 0
    # at least what it held, and not what this process holds
    assert 128 < ended.peak_mib < 400
    assert run_child([HERE, "-c", "import nothing"], missing="nothing").failure == "nothing is not installed"
    assert run_child([HERE, "-c", "raise ValueError('so | so')"]).failure == "ValueError: so / so"
    assert run_child([HERE, "-c", "import os; os.kill(os.getpid(), 9)"]).failure == "ended by SIGKILL"
    assert (
        run_child([ROOT / ".venv-none" / "bin" / "python"]).failure == "no .venv-none (`make bench-peers` sets it up)"
    )


def test_who_cannot_run_is_asked_once_and_named():
    everybody = [
        Contender("ours", ROOT / ".venv-none" / "bin" / "python", "ours", "freyvae"),
        Contender("no such script", HERE, "no_such_script", "studies.speed.contenders.no_such_script"),
    ]
    found = take_turns(everybody, rounds=2, epochs=2)
    table = peers.table(found)
    assert "| ours | absent: no .venv-none" in table
    assert "No module named studies.speed.contenders.no_such_script" in table


def test_two_who_can_run_are_compared():
    everybody = [one for one in peers.contenders() if one.script in ("ours", "gemm_limit")]
    ours, limit = take_turns(everybody, rounds=1, epochs=2)["contenders"]
    assert (ours["absent"], limit["absent"]) == ("", "")
    assert ours["ours_over_theirs"] == 1
    assert limit["ours_over_theirs"] == pytest.approx(ours["seconds"] / limit["seconds"])
    assert 0 < ours["val_loss"] < 1
    assert limit["loss"] is None


def test_rounds_before_a_failure_count():
    contender = Contender("ours", HERE, "ours", "freyvae")
    contender.runs.append(dict.fromkeys(peers.MEDIANS, 1.0))
    contender.failure = "ended by SIGKILL"
    row = contender.row()
    assert (row["absent"], row["failure"], row["seconds"]) == ("", "ended by SIGKILL", 1.0)


def test_a_failure_tells_no_paths():
    line = "open('/some/where/images.npy')"
    assert (
        run_child([HERE, "-c", line]).failure == "FileNotFoundError: [Errno 2] No such file or directory: 'images.npy'"
    )


def test_a_part_that_finds_nothing_leaves_what_was_measured(results, tmp_path, monkeypatch, capsys):
    known = {**results["gpu"], "device": "a card"}
    (tmp_path / "performance.json").write_text(json.dumps({"gpu": known}))
    monkeypatch.setattr(gpu, "run", lambda **amounts: {"device": "", "reason": "no GPU"})
    assert program.main(["--only", "gpu", "--quick", "--out", str(tmp_path)]) == 0
    assert json.loads((tmp_path / "performance.json").read_text())["gpu"] == known
    assert "the earlier measurement is kept" in capsys.readouterr().err


def test_an_interruption_ends_the_child_too(tmp_path):
    """Ctrl-C that is sent only to this program leaves no process running."""
    sleeper = f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    script = f"from studies.shared.process import HERE, Ended, run_child; run_child([HERE, '-c', {sleeper!r}])"
    parent = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stderr=subprocess.DEVNULL)
    while not (tmp_path / "pid").is_file() or not (tmp_path / "pid").read_text():
        assert parent.poll() is None
        time.sleep(0.05)
    parent.send_signal(signal.SIGINT)
    parent.wait(timeout=30)
    child = int((tmp_path / "pid").read_text())
    for _ in range(100):
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            return
        # it has ended, and its exit status has not been read yet
        state = Path(f"/proc/{child}/stat")
        if state.is_file() and state.read_text().rpartition(")")[2].split()[0] == "Z":
            return
        time.sleep(0.05)
    pytest.fail("the child goes on")


def test_a_point_of_scaling_is_measured(monkeypatch):
    point = Work(images=20, batch=10)
    coloured = Work(images=20, height=8, width=8, batch=10, channels=3, recipe="images")
    # the point that two axes share, once
    monkeypatch.setattr(scaling, "AXES", {"images": (point,), "batch": (point,), "pixels in colour": (coloured,)})
    found = scaling.run(enough=0.01)
    images, batch, colour = found["axes"]
    assert [colour["points"][0][key] for key in ("absent", "size")] == ["", 64]
    assert [images["points"][0]["size"], batch["points"][0]["size"]] == [20, 10]
    assert not images["points"][0]["absent"]
    assert images["points"][0]["seconds"] == batch["points"][0]["seconds"] > 0
    assert images["points"][0]["peak_mib"] > 100
    assert images["exponent"] is None
    assert rows(scaling.table(found))[2][:2] == ["images", "20"]


def test_networks_with_convolutions_are_compared(monkeypatch):
    said = {"a_second": 50.0, "loss": 4000.0, "weights": 1_000_000}

    def run_child(command, missing, gpu):
        turns.append(command[2:5])
        return Ended(1.0, 500.0, json.dumps(said | {"a_second": 10.0 * len(turns)}), "" if len(turns) < 4 else "gone")

    turns = []
    monkeypatch.setattr(convolutions, "run_child", run_child)
    found = convolutions.run(**convolutions.QUICK)
    assert [turn[1] for turn in turns[:4]] == ["residual"] * 4
    shares = [row["ours_over_theirs"] for row in found["rows"]]
    assert shares == [1.0, pytest.approx(1 / 2), pytest.approx(1 / 3), None, None, None, None, None]


def test_on_a_gpu_all_contenders_take_turns(monkeypatch):
    """Where the GPU is asked for, and what each process would have said."""

    def run_child(command, environment=None, *, gpu, missing="", backend="jax"):
        assert gpu
        if command[1] == "-c":
            return Ended(1.0, 1.0, "a card\n", "")
        script, said = command[2].rpartition(".")[2], {"a_second": 50.0, "loss": 1.0, "weights": 10}
        if script == "roofline":
            step = {"batch": 2, "precision": "float32", "operations": 2e9, "bytes": 4e6}
            names = ("post", "`images`, float32", "`images`, bfloat16")
            rates = {"bytes": 1e12, "float32": 2e14, "bfloat16": 4e14}
            said = {"rates": rates, "steps": dict.fromkeys(names, step)}
        elif script in ("ours", "keras_fit", "torch_loop"):
            said = {"seconds": 1.0, "compile_seconds": 1.0, "loss": 1.0, "val_loss": 1.0}
        scripts.append(script)
        return Ended(1.0, 500.0, json.dumps(said), "gone" if script == "convolutions_torch" else "")

    scripts = []
    for module in (gpu, peers, convolutions):
        monkeypatch.setattr(module, "run_child", run_child)
    found = gpu.run(**gpu.QUICK)
    assert scripts.count("recipe_training") == 4
    assert scripts[-1] == "roofline"
    assert len(gpu.table(found).split("\n\n")) == 5
    assert [row["ours_over_theirs"] for row in found["networks"]["rows"]] == [1.0] * 6 + [None] * 2


def test_exponents_are_slopes():
    grown = [{"size": size, "seconds": 3.0 * size**1.5} for size in (1, 10, 100)]
    assert scaling.slope(grown) == pytest.approx(1.5)
    assert scaling.slope(grown[:1]) is None


@pytest.mark.long
def test_every_kind_of_work_can_be_done(monkeypatch):
    """Run the work in this process, where JAX is already imported. The timed function is the same."""
    from studies.speed.contenders import throughput_work as contender

    def here(command):
        name, *amount = command[3:]
        return Ended(1.0, 1.0, json.dumps(contender.WORK[name](*map(int, amount))), "")

    noise, model = contender.noise, contender.default_model()
    monkeypatch.setattr(throughput, "run_child", here)
    monkeypatch.setattr(contender, "REPEATS", 1)
    monkeypatch.setattr(contender, "noise", lambda count, *shape: noise(count, *[min(size, 28) for size in shape]))
    monkeypatch.setattr(contender, "default_model", lambda: model)
    amounts = {"likelihood": (2, 3), "encode": (2,), "decode": (2,), "colour_training": (8, 2)}
    monkeypatch.setattr(throughput, "AMOUNTS", amounts)
    found = throughput.run()
    assert [row["name"] for row in found["work"]] == list(throughput.LABELS)
    assert all(row["a_second"] > 0 for row in found["work"])


@pytest.mark.long
def test_packs_are_made_opened_trained_on_and_mixed(monkeypatch, capsys):
    """As above: each in this process, and small."""
    from studies.speed.contenders import pack_work, pillow_pool

    def here(command):
        _, _, module, *words = map(str, command)
        if module == "freyvae":
            assert main(words) == 0
        elif module == packs.WORK:
            print(json.dumps(pack_work.NAMES[words[0]](*words[1:])))
        else:
            pillow_pool.main(*words)
        return Ended(1.0, 100.0, capsys.readouterr().out, "")

    dropped, small = [], load_recipe("frey-faces").replace(batch_size=packs.BATCH, hidden=(4,), latent_names=())
    monkeypatch.setattr(packs, "run_child", here)
    monkeypatch.setattr(packs, "cores", lambda: 1)
    monkeypatch.setattr(shares, "cores", lambda: 1)
    monkeypatch.setattr(pack_work, "recipe", lambda: small)
    monkeypatch.setattr(pack_work, "drop_pages", dropped.append)
    found = packs.run(**packs.QUICK)
    assert [row["name"] for row in found["decoding"]["rows"]] == [packs.OURS, packs.PILLOW]
    assert all(row["seconds"] > 0 for part in ("decoding", "opening", "training") for row in found[part]["rows"])
    assert len(dropped) == 2 * packs.QUICK["epochs"]
    assert found["opening"]["rows"][2]["rounds"][0]["images"] == packs.QUICK["images"]
    mixing = found["mixing"]
    assert mixing["in_order"] == 1.0
    assert mixing["epoch"] == pytest.approx(mixing["uniform"], abs=6 * mixing["uniform_deviation"])
    assert len({len(row) for row in rows(packs.table(found).split("\n\n")[0])}) == 1


def test_the_pages_of_a_file_are_dropped(tmp_path):
    from studies.speed.contenders.pack_work import drop_pages

    (tmp_path / "file").write_bytes(b"x" * 5000)
    drop_pages(tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"x" * 5000


def test_the_model_of_the_cost_finds_the_link_that_figures_are_of():
    latency, bandwidth = 2e-3, 5e7
    rows = []
    for name, alone, gradient_bytes in (("dense", 2000.0, 2**20), ("convolutional", 50.0, 2**24)):
        step = 32 / alone + 2 * (latency + gradient_bytes / (2 * bandwidth))
        rows.append(shared(name, alone, 64 / step, gradient_bytes))
    link = processes._link(rows)
    assert link["seconds_a_message"] == pytest.approx(latency)
    assert link["bytes_a_second"] == pytest.approx(bandwidth)
    predicted = processes.efficiency(rows[0], 2, bandwidth, latency)
    assert predicted == pytest.approx(rows[0]["a_second_2"] / rows[0]["a_second_1"] / 2)
    assert processes.efficiency(rows[0], 512, bandwidth, latency) < predicted
