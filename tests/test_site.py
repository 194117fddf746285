"""The site has a place for every page, name, field and command; `make docs` then builds it."""

import runpy
import sys
from pathlib import Path

import pytest

import freyvae
from freyvae.cli import app
from freyvae.recipe.recipe import recipe_hints

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(path.relative_to(DOCS).as_posix() for kind in ("*.md", "*.rst") for path in DOCS.rglob(kind))
MARKDOWN = pytest.mark.parametrize("page", [page for page in PAGES if page.endswith(".md")])


@pytest.fixture
def extensions(monkeypatch):
    """The modules of the build that need no Sphinx: what is made of the package, and the texts of pages."""
    monkeypatch.syspath_prepend(DOCS)
    from extensions import made, sources

    yield made, sources
    for name in [name for name in sys.modules if name.partition(".")[0] == "extensions"]:
        del sys.modules[name]


def toctree(page):
    """The pages that the toctrees of a page list."""
    inside, folder = False, (DOCS / page).parent
    for line in (DOCS / page).read_text("utf-8").splitlines():
        if line.startswith(":::"):
            inside = line == ":::{toctree}"
        elif inside and line and not line.startswith(":"):
            entry = line.partition("<")[2].rstrip(">") or line
            yield (folder / entry).relative_to(DOCS).as_posix()


def test_every_page_is_in_one_table_of_contents():
    listed = [entry for page in PAGES for entry in toctree(page)]
    assert sorted(["index", *listed]) == sorted(page.rpartition(".")[0] for page in PAGES)


@pytest.mark.parametrize("name", freyvae.__all__)
def test_every_public_name_has_one_entry(name):
    texts = [path.read_text("utf-8") for path in (DOCS / "reference" / "api").glob("*.rst")]
    entries = [line for text in texts for line in text.splitlines() if line.startswith(".. ")]
    names = [entry.partition(":: ")[2].partition("(")[0] for entry in entries]
    assert names.count(f"freyvae.{name}") == 1


def test_every_kind_of_a_choice_has_an_entry(extensions):
    made, _ = extensions
    text = (DOCS / "reference" / "api" / "choices.rst").read_text("utf-8")
    for section in ("network", "likelihood", "prior", "posterior", "objective"):
        assert f".. made: {section}_kinds\n" in text
        for kind in made.SECTIONS[section].class_names():
            assert f".{kind}(" in made.kinds_of(section)


def test_every_field_of_a_recipe_has_an_entry(extensions):
    made, _ = extensions
    text = made.recipe()
    for name in recipe_hints():
        entry = f"{name}.kind" if name in made.SECTIONS else name
        assert text.count(f"{{confval}} {entry}\n") == 1, entry


def test_every_command_and_flag_has_an_entry(extensions):
    made, _ = extensions
    text = made.commands()
    for name, command in made.every_command(app):
        start = text.index(f"## `freyvae {name}`\n")
        own = text[start : text.find("\n## ", start)]
        for argument in command.assemble_argument_collection():
            if (
                argument.parse
                and argument.field_info.name in command.default_command.__annotations__
                and argument.name != "*"
            ):
                flag = argument.names[0]
                assert f"{{option}} {flag}" in own or f"{{option}} {flag.removeprefix('--').upper()}" in own, (
                    name,
                    flag,
                )


@MARKDOWN
def test_texts_from_elsewhere_and_links_have_their_targets(page, extensions):
    made, sources = extensions
    made.MADE.setdefault("explorer", lambda: "")
    text = sources.page_text(page, (DOCS / page).read_text("utf-8"))
    assert "<!-- made" not in text
    for found in sources._LINK.finditer(text):
        target = found["target"].partition("#")[0]
        if target and ":" not in target:
            assert (DOCS / page).parent.joinpath(target).exists(), found[0]


@MARKDOWN
def test_commands_and_code_of_executed_pages_can_be_read(page):
    for number, block in enumerate((DOCS / page).read_text("utf-8").split("```{code-cell}\n")):
        code = block.partition("```")[0]
        if not number:
            continue
        if not code.startswith("%%sh\n"):
            compile(code, page, "exec")
            continue
        for line in code.replace("\\\n", " ").splitlines():
            if line.startswith("freyvae "):
                app.parse_args(line.removeprefix("freyvae "), exit_on_error=False, print_error=False)


def test_the_configuration_names_files_that_there_are(monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    settings = runpy.run_path(str(DOCS / "conf.py"))
    for name in settings["html_css_files"] + settings["html_js_files"]:
        assert (DOCS / "static" / name).is_file()
    for name in settings["extensions"]:
        if name.startswith("extensions."):
            assert (DOCS / f"{name.replace('.', '/')}.py").is_file()
