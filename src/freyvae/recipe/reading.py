"""Reading recipes: format 2, in sections, and format 1, which had all fields side by side."""

import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

from freyvae.arguments import in_words, truth
from freyvae.choice import Kinds, nearest
from freyvae.errors import BadInput
from freyvae.files import as_path, read_small
from freyvae.recipe.format_1 import recipe_of_format_1
from freyvae.recipe.recipe import FORMAT, SECTIONS, SHORT_NAMES, TOP, Recipe, recipe_fields

MOST_BYTES = 2**20
MOST_DOTS = 50  # of a key; a recipe's have one
# keys that every run's recipe.toml of a format has, among them its first and its last
KEYS_OF_RUN = {1: ("format", "name", "data", "seed"), 2: ("format", "name", "data", "training")}


def recipe_names() -> list[str]:
    """Names of the recipes that freyvae ships."""
    folder = resources.files("freyvae") / "recipe" / "shipped"
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def load_recipe(name_or_path: str | Path, *, of_run: bool = False) -> Recipe:
    """A shipped recipe by its name, or one from a TOML file; that of a run is complete.

    Raises:
        BadInput: there is no such recipe, it is no TOML, it is of a newer version, a key of a run's is missing, or a
            field is unknown or bad.
    """
    names, of_run = recipe_names(), truth("of_run", of_run)
    if isinstance(name_or_path, str) and name_or_path in names:
        shipped = resources.files("freyvae") / "recipe" / "shipped" / f"{name_or_path}.toml"
        return parse_recipe(shipped.read_text(), name_or_path)
    path = as_path("recipe", name_or_path)
    source = str(name_or_path)
    if not path.is_file():
        raise BadInput(f"no recipe {source!r}: {nearest(source, names)}a recipe of your own is the path of a TOML file")
    return parse_recipe(read_small(path, most_bytes=MOST_BYTES), source, name=path.stem, of_run=of_run)


def parse_recipe(text: str, source: str, *, name: str = "frey-faces", of_run: bool = False) -> Recipe:
    """A recipe from TOML text; `source` is how messages call it, `name` its name where it says none.

    Raises `BadInput` as `load_recipe` does.
    """
    try:
        _refuse_dotted(text)
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # numbers of thousands of digits, too
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else error
        raise BadInput(f"the recipe {source} is no TOML: {reason}") from error
    has_sections = any(isinstance(value, dict) for value in tables.values())
    version = tables.get("format", 2 if has_sections else 1)
    if type(version) is not int or version < 1:
        raise BadInput(f"the recipe {source}: format must be a whole number from 1 to {FORMAT}, not {version!r}")
    if version > FORMAT:
        raise BadInput(f"the recipe {source} has format {version}; this freyvae reads up to {FORMAT}: update freyvae")
    missing = [key for key in KEYS_OF_RUN[version] if key not in tables]
    if of_run and missing:
        raise BadInput(f"the recipe {source} lacks {', '.join(missing)}: it is damaged")
    try:
        return _of_format_2(tables, name) if version == FORMAT else recipe_of_format_1(tables, name)
    except BadInput as error:
        raise BadInput(f"the recipe {source}: {error}") from error


def _of_format_2(tables: dict[str, Any], name: str) -> Recipe:
    fields: dict[str, Any] = {"name": name}
    for key, value in tables.items():
        if key in TOP:
            fields[key] = value
        elif key in SECTIONS:
            fields[key] = _section(key, value)
        elif key != "format":
            if key in SHORT_NAMES:
                raise BadInput(f"unknown key {key!r}: in format {FORMAT} it stands in [{SHORT_NAMES[key][0]}]")
            raise BadInput(f"unknown key {key!r}: {nearest(key, [*TOP, *SECTIONS])}{_SEE}")
    return Recipe(**fields)


_SEE = "see `freyvae recipes print frey-faces`"


def _section(name: str, table: Any) -> Any:
    """A section from its table. Raises `BadInput`."""
    if not isinstance(table, dict):
        raise BadInput(f"{name} must be a section, [{name}], not {in_words(table)}")
    section, table = SECTIONS[name], dict(table)
    default = getattr(Recipe, name)
    try:
        if isinstance(section, Kinds):
            default = section.named(table.pop("kind")) if "kind" in table else default
        known = list(recipe_fields(type(default)))
        for key in table:
            if key not in known:
                if isinstance(section, Kinds) and section.having(key):
                    raise BadInput(f"the {name} {default.name} has no {key}{section.where(key)}")
                raise BadInput(f"unknown key {key!r}: {nearest(key, known) if known else 'there is none; '}{_SEE}")
        return type(default)(**{**{field: getattr(default, field) for field in known}, **table})
    except BadInput as error:
        raise BadInput(f"[{name}] {error}") from error


def _refuse_dotted(text: str) -> None:
    """Raise `ValueError` for keys of very many parts: tomllib's memory grows with the square of their number."""
    for line in text.splitlines():
        key = line.partition("=")[0]
        if key.count(".") > MOST_DOTS and not key.lstrip().startswith("#"):
            raise ValueError("it is nested too deeply")
