"""The public names of `import freyvae` exist, are listed once, and take little time to import."""

import importlib
import importlib.metadata
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import freyvae


@pytest.mark.parametrize("name", freyvae.__all__)
def test_every_public_name_is_there_and_documented(name):
    thing = getattr(freyvae, name)
    assert inspect.getdoc(thing)
    assert name in dir(freyvae)
    if not inspect.ismodule(thing):
        # the class's own docstring, not that of a base class
        assert thing.__doc__
        assert thing.__module__.startswith("freyvae.")


def test_no_module_is_in_the_way_of_a_public_name():
    # `import freyvae.NAME` would put the module in its place
    homes = Path(freyvae.__file__).parent
    modules = {path.stem for path in homes.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert {
        name for name in freyvae.__all__ if name in modules and not inspect.ismodule(getattr(freyvae, name))
    } == set()


def test_all_is_what_type_checkers_see():
    stub = Path(freyvae.__file__).with_suffix(".pyi").read_text()
    assert sorted(re.findall(r"^from \S+ import (\w+) as \1$", stub, re.MULTILINE)) == freyvae.__all__
    assert {"VAE", "load_images", "pictures", "train"} <= set(freyvae.__all__)


@pytest.mark.parametrize(
    "package", ["compression", "data", "evaluation", "explorer", "metrics", "model", "pictures", "training"]
)
def test_the_contents_that_a_package_lists_are_true(package):
    module = importlib.import_module(f"freyvae.{package}")
    for name in module.__all__:
        assert inspect.getdoc(getattr(module, name)), name


def test_the_public_pictures_are_those_that_are_drawn():
    public, drawn = (importlib.import_module(f"freyvae.{name}") for name in ("pictures", "reporting.pictures"))
    assert public.__all__ == drawn.__all__
    assert all(getattr(public, name) is getattr(drawn, name) for name in drawn.__all__)


def test_the_version_is_known_without_an_installation():
    # a training would end in an error after its last epoch
    sources = Path(freyvae.__file__).parent.rglob("*.py")
    assert [path for path in sources if re.search(r"version\([\"']freyvae", path.read_text(encoding="utf-8"))] == []


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'freyvae' has no attribute 'vea'"):
        _ = freyvae.vea


def test_the_version_is_the_installed_one():
    assert importlib.metadata.version("freyvae") == freyvae.__version__


def test_the_package_says_that_it_is_typed():
    assert (importlib.resources.files("freyvae") / "py.typed").is_file()


def imported(script):
    """The modules that are loaded after a script, in a separate interpreter."""
    script += "\nimport sys; print(*sys.modules, file=sys.stderr)"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    return set(result.stderr.split())


HEAVY = {"jinja2", "keras", "jax", "tensorflow", "torch", "matplotlib", "scipy", "pooch", "PIL", "numpy"}


def test_importing_freyvae_loads_nothing_heavy_and_leaves_the_backend_to_the_user():
    loaded = imported("import freyvae, os; assert os.environ['KERAS_BACKEND'] == 'jax'")
    assert "freyvae" in loaded
    assert not HEAVY & loaded
    imported(
        "import os; os.environ['KERAS_BACKEND'] = 'torch'; import freyvae; assert os.getenv('KERAS_BACKEND') == 'torch'"
    )


def test_a_part_that_needs_the_engine_can_be_the_first_that_is_imported():
    """Importing Keras also imports our classes, which need the engine."""
    assert "keras" in imported("import freyvae; freyvae.compress")


def test_a_command_imports_keras_without_scikit_learn():
    start = "from freyvae.cli.preparation import prepare_keras; prepare_keras(); "
    loaded = imported(start + "import freyvae.training, freyvae.reporting.summary")
    assert "keras" in loaded
    assert not {"sklearn", "scipy.stats"} & loaded
    assert "sklearn" in imported(start + "import sklearn")


def test_help_and_recipes_load_nothing_heavy():
    """This, and not a time, is the test that `freyvae --help` is quick."""
    loaded = imported(
        "from freyvae.__main__ import main\n"
        "for line in ('--help', '--version', 'train --help', 'recipes list', 'recipes print images'):\n"
        "    assert main(line.split()) == 0"
    )
    assert "freyvae.cli" in loaded
    assert not HEAVY & loaded


def test_pictures_of_data_alone_load_no_keras(tmp_path):
    loaded = imported(
        "from freyvae.__main__ import main\n"
        f"assert main(['data', 'show', 'synthetic-faces', '--out', {str(tmp_path / 'faces.png')!r}]) == 0"
    )
    assert "freyvae.pictures" in loaded
    assert "keras" not in loaded
