"""What is published says the same everywhere, and is small."""

import io
import json
import re
import tomllib
import zipfile
from pathlib import Path

import freyvae

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
# names that conda-forge gives to a part that draws without windows
ELSEWHERE = {"matplotlib": "matplotlib-base"}


def test_a_wheel_is_small():
    package, packed = Path(freyvae.__file__).parent, io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as wheel:
        for path in package.rglob("*"):
            # the page's modules are joined into its script, which is shipped
            if path.is_file() and "__pycache__" not in path.parts:
                wheel.write(path, path.relative_to(package))
    assert len(packed.getvalue()) < 10**6


def test_the_recipe_for_conda_forge_asks_for_what_the_package_asks_for():
    recipe = (ROOT / "packaging" / "recipe.yaml").read_text()
    run = re.search(r"  run:\n((?:    - .*\n)+)", recipe)[1]
    asked = {line.removeprefix("    - ").replace(" ", "") for line in run.splitlines()} - {"python>=${{python_min}}"}
    names = {re.match(r"[\w-]+", need)[0]: need for need in PROJECT["dependencies"]}
    assert asked == {need.replace(name, ELSEWHERE.get(name, name), 1) for name, need in names.items()}
    assert f"summary: {PROJECT['description']}" in recipe


def test_every_file_says_the_same_version():
    for name in ("CITATION.cff", "packaging/recipe.yaml"):
        assert re.search(r"^ *version: (.+)$", (ROOT / name).read_text(), re.MULTILINE)[1] == freyvae.__version__, name


def test_the_changelog_has_this_version():
    assert f"\n## [{freyvae.__version__}] - " in (ROOT / "CHANGELOG.md").read_text()


def test_the_pythons_that_are_named_are_those_that_are_tried():
    named = [line.rpartition(" ")[2] for line in PROJECT["classifiers"] if re.search(r":: Python :: \d\.", line)]
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
    for job in ("test", "package"):
        of_job = workflow.partition(f"\n  {job}:\n")[2]
        assert json.loads(re.search(r"^ *python: (\[.+\])$", of_job, re.MULTILINE)[1]) == named, job
    assert PROJECT["requires-python"] == f">={named[0]}"


def test_the_container_asks_for_extras_that_there_are():
    extras = re.search(r'ARG EXTRAS="([^"]+)"', (ROOT / "packaging" / "Containerfile").read_text())[1]
    assert set(extras.split(",")) <= PROJECT["optional-dependencies"].keys()


def test_the_workflows_install_extras_and_run_targets_that_there_are():
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        text = path.read_text()
        assert set(re.findall(r"make ([\w-]+)", text)) <= targets, path
        for extras in re.findall(r"--editable \"\.\[([^]]+)\]", text):
            assert set(extras.split(",")) <= PROJECT["optional-dependencies"].keys(), path
