"""The documents are correct: commands and code run, links have targets, and every public name is mentioned."""

import contextlib
import importlib.util
import os
import re
import shlex
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import freyvae
from freyvae import metrics, run, training
from freyvae.__main__ import main
from freyvae.cli import app
from freyvae.compression import compressed_file
from freyvae.data.pack import FORMAT as PACK_FORMAT
from freyvae.engine import shares
from freyvae.evaluation import measurement
from freyvae.explorer import all_points, bundle, groups, projection, scores
from freyvae.exports.formats import weights
from freyvae.recipe import recipe
from freyvae.reporting import pictures
from freyvae.training import checkpoint, seeds

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").rglob("*.md"))
# pages of the site that its build executes are not run here
EXECUTED = [page for page in PAGES if "file_format: mystnb" in page.read_text("utf-8")]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *[page for page in PAGES if page not in EXECUTED]]
TRAPS = ROOT / "examples" / "two_traps.py"
# commands that run until they are stopped, or that change the user's shell, are only parsed
PARSED_ONLY = {"explore", "--install-completion"}


def name_of(document):
    """Its path from the folder of the repository, or of the documents."""
    return document.relative_to(ROOT).as_posix().removeprefix("docs/")


EVERY_DOCUMENT = pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)

_FENCE = re.compile(r"^```(?:\{code-cell\})?(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")


def fences(text):
    """(language, content) of each fenced block."""
    return _FENCE.findall(text)


def command_lines(text):
    """Every line of a shell block and every code span, in order, as words: ['freyvae', 'train', ...]."""
    spans = []
    for match in re.finditer(f"(?P<fence>{_FENCE.pattern})|(?P<span>{_SPAN.pattern})", text, _FENCE.flags):
        if match["span"]:
            spans.append(match["span"].strip("`"))
        elif re.match(r"```(sh|bash|shell|console)?\n", match["fence"]):
            spans.extend(match["fence"].replace("\\\n", " ").splitlines()[1:-1])
    lines = []
    for span in spans:
        with contextlib.suppress(ValueError):  # not valid words of a shell, such as an apostrophe
            words = shlex.split(span.removeprefix("$ "), comments=True)
            while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):
                words = words[1:]
            if words:
                words[0] = words[0].removeprefix(".venv/bin/")
                lines.append(words)
    return lines


def commands(document, program):
    """The words after `program` of each different command line in the document."""
    found = [tuple(words[1:]) for words in command_lines(document.read_text("utf-8")) if words[0] == program]
    return list(dict.fromkeys(found))


@pytest.fixture
def quick(monkeypatch):
    """Train one epoch, measure with few draws and draw one picture, since other tests cover the rest."""
    train_model, train_seeds = training.train_model, training.train_seeds

    def one_epoch(recipe, *arguments, **named):
        return train_model(recipe.replace(epochs=1), *arguments, **named)

    def two_seeds(recipe, count, *arguments, **named):
        return train_seeds(recipe.replace(epochs=1), min(count, 2), *arguments, **named)

    def one_picture(vae, images, *, folder, **named):
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "examples.png"
        pictures.save_figure(pictures.examples(next(iter(images.values())), count=20), path)
        return [path]

    def few_samples(*arguments, samples, **named):
        return importance_sampled(*arguments, samples=min(samples, 20), **named)

    importance_sampled = metrics.importance_sampled
    monkeypatch.setattr(metrics, "importance_sampled", few_samples)
    monkeypatch.setattr(measurement, "FACES_OF_EACH", 100)
    # a step compiled as a whole, not once for a share and once for their sum
    monkeypatch.setattr(shares, "cores", lambda: 1)
    monkeypatch.setattr(training, "train_model", one_epoch)
    monkeypatch.setattr(training, "train_seeds", two_seeds)
    monkeypatch.setattr(pictures, "draw_all", one_picture)


@pytest.fixture(scope="module")
def small_run(frey_faces, tmp_path_factory):
    """A run of the default recipe, for documents that use a run without training it."""
    folder = tmp_path_factory.mktemp("docs") / "run"
    training.train(freyvae.load_recipe("frey-faces").replace(epochs=1), folder, quiet=True)
    return folder


@pytest.fixture
def desk(frey_faces, small_run, tmp_path, monkeypatch):
    """A folder to run a document in, with a user's images, the file of the faces, and a run of `freyvae train`."""
    home = Path(os.environ["FREYVAE_DATA"]).resolve()
    monkeypatch.setenv("FREYVAE_DATA", str(home))
    monkeypatch.chdir(tmp_path)
    shutil.copytree(small_run, "runs/frey-faces")
    (tmp_path / "cells").mkdir()
    for number, image in enumerate(np.random.default_rng(0).integers(0, 256, (60, 8, 8), np.uint8)):
        Image.fromarray(image).save(f"cells/{number}.png")
    for name, frame in (("face", 0), ("other", 1000), ("portraits/1", 1900), ("portraits/2", 1930), ("noisy/1", 1900)):
        Path(name).parent.mkdir(exist_ok=True)
        Image.fromarray(frey_faces[frame].reshape(28, 20)).save(f"{name}.png")
    Image.fromarray(np.pad(np.full((14, 10), 255, np.uint8), ((14, 0), (0, 10)))).save("mask.png")
    shutil.copy("cells/0.png", "cell.png")
    stages = "".join(f"{number}.png,{('early', 'late')[number % 2]}\n" for number in range(60))
    Path("cells.csv").write_text(f"file,stage\n{stages}")
    faces = home if home.is_file() else next(home / name for name in ("frey_rawface.mat", "freyfaces.pkl"))
    shutil.copy(faces, "FILE")
    return tmp_path


def run_command(words, capsys):
    """Run one command line, with placeholders replaced; returns the exit code."""
    words = [word for word in words if word not in ("...", "…")]
    output = None
    if ">" in words:
        place = words.index(">")
        words, output = words[:place], words[place + 1]
    if words and words[0] in PARSED_ONLY:
        if words[0].startswith("--"):
            return 0 if words[0] in list(app) else 2
        app.parse_args(words, exit_on_error=False, print_error=False)
        return 0
    code = main(words)
    if output is not None:
        Path(output).write_text(capsys.readouterr().out, "utf-8")
    return code


@EVERY_DOCUMENT
def test_the_documents_commands_run_in_their_order(document, desk, quick, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("freyvae.data.frey_faces._cache_folder", lambda: tmp_path / "cache")
    for words in commands(document, "freyvae"):
        code = run_command(list(words), capsys)
        said = capsys.readouterr()
        assert code == 0, f"freyvae {shlex.join(words)}: {said.err}"


@EVERY_DOCUMENT
def test_the_documents_code_runs(document, desk, quick):
    names = {"__name__": "document"}
    for language, code in fences(document.read_text("utf-8")):
        if language == "python":
            exec(compile(code.replace("epochs=100", "epochs=1"), document.name, "exec"), names)


@EVERY_DOCUMENT
def test_the_documents_targets_are_in_the_makefile(document):
    targets = set(re.findall(r"^\.PHONY:(.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[0].split())
    for words in commands(document, "make"):
        wanted = {word for word in words if "=" not in word and not word.startswith("-")}
        assert wanted <= targets, f"make {' '.join(words)}"


@EVERY_DOCUMENT
def test_the_documents_scripts_exist(document):
    for words in commands(document, "python") + commands(document, "python3"):
        if words and words[0].endswith(".py"):
            assert (ROOT / words[0]).is_file(), words[0]


@pytest.mark.parametrize("document", [*DOCUMENTS, *EXECUTED, ROOT / "CHANGELOG.md"], ids=name_of)
def test_relative_links_lead_somewhere(document):
    text = _FENCE.sub("", document.read_text("utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"\w+:", target):
            continue
        path, _, anchor = target.partition("#")
        linked = document.parent / path if path else document
        assert linked.exists(), f"{document.name} links to {target}, which is not there"
        if anchor:
            assert anchor in anchors(linked.read_text("utf-8")), f"{document.name} links to {target}: no such heading"


def anchors(text):
    """The anchors that GitHub makes for the headings."""
    headings = re.findall(r"^#+ (.*)$", _FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def every_command(branch, *words):
    """The full name of each command, including those in groups."""
    for name in branch:
        if not name.startswith("-"):
            group = [child for child in branch[name] if not child.startswith("-")]
            yield from every_command(branch[name], *words, name) if group else [" ".join((*words, name))]


def in_words():
    """The text of the README and the docs."""
    return "\n".join(document.read_text("utf-8") for document in DOCUMENTS if document.name != "CONTRIBUTING.md")


@pytest.mark.parametrize("command", [*every_command(app)])
def test_every_command_is_in_the_documents(command):
    assert re.search(rf"\bfreyvae {command}\b", in_words())


@pytest.mark.parametrize("name", freyvae.__all__)
def test_every_public_name_is_in_the_documents(name):
    assert re.search(rf"(`|\bfreyvae\.){name}\b", in_words())


def test_the_two_traps_are_printed_as_they_are_documented(desk, monkeypatch, capsys):
    specification = importlib.util.spec_from_file_location("two_traps", TRAPS)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    labels = list(module.RECIPES)
    # two of its trainings are enough: one with an averaged loss, and the default
    monkeypatch.setattr(module, "RECIPES", {label: module.RECIPES[label] for label in (labels[0], labels[-1])})
    monkeypatch.setattr(sys, "argv", ["two_traps.py", "--epochs", "1", "--out", "traps"])
    module.main()
    recipes, floor, splits = capsys.readouterr().out.strip().split("\n\n")

    text = (ROOT / "docs" / "the-post.md").read_text("utf-8")
    # the parts that do not depend on a training are in the document exactly
    assert floor in text
    assert splits in text
    header, rule, mean_face, *rows = recipes.splitlines()
    assert "\n".join((header, rule, mean_face)) in text
    documented = text[text.index(header) :].split("\n\n")[0].splitlines()[3:]
    assert [cells(row)[0] for row in rows] == [labels[0], labels[-1]]
    assert [cells(row)[0] for row in documented] == labels
    for row in (*rows, *documented):
        assert len(cells(row)) == len(cells(header))
        assert all(re.fullmatch(r"[\d. ]+", cell) for cell in cells(row)[1:]), row


def cells(row):
    return [cell.strip() for cell in row.strip("|").split("|")]


def test_the_formats_in_the_documents_are_those_that_are_written():
    table = dict(
        re.findall(r"^\| (.+?) \| (\d+) \|", (ROOT / "docs" / "stability.md").read_text("utf-8"), re.MULTILINE)
    )
    formats = {
        "a recipe, `recipe.toml`": recipe.FORMAT,
        "`metrics.json`": run.METRICS_FORMAT,
        "`measured.npz`": measurement.IMAGES_FORMAT,
        "`projection.npz`": projection.PROJECTION_FORMAT,
        "`groups.npz`": groups.GROUPS_FORMAT,
        "`scores.npz`": scores.SCORES_FORMAT,
        "`explorer/points.bin`": all_points.FORMAT,
        "`seeds.json`": seeds.SUMMARY_FORMAT,
        "`checkpoint/state.npz`": checkpoint.FORMAT,
        "a [pack](many-pictures.md#the-files)": PACK_FORMAT,
        "a file of `compress`": compressed_file.FORMAT,
        "`weights.npz` with `weights.json`": weights.WEIGHTS_FORMAT,
        "the explorer's page": bundle.FORMAT,
    }
    assert table == {name: str(version) for name, version in formats.items()}


def test_what_is_deprecated_is_in_the_documents():
    warned = {
        name
        for path in Path(freyvae.__file__).parent.rglob("*.py")
        for name in re.findall(
            r'warnings\.warn\("(\w+) is now called \w+", DeprecationWarning', path.read_text("utf-8")
        )
    }
    text = (ROOT / "docs" / "stability.md").read_text("utf-8")
    assert warned == {
        name.rpartition(".")[2] for name in re.findall(r"^\| `([\w.]+)` \| \d+\.\d+ \|", text, re.MULTILINE)
    }
