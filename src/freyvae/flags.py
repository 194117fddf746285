"""A flag for every choice of a recipe, and the recipe that the flags make."""

import contextlib
import dataclasses
import typing
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Group, Parameter, Token

from freyvae.choice import Kinds
from freyvae.fields import bare
from freyvae.recipe import Recipe, load_recipe, recipe_names
from freyvae.recipe.recipe import SECTIONS, recipe_hints, short_name


def _default_text(name: str, recipes: dict[str, dict[str, Any]]) -> str:
    """A field's default, then what it is in the shipped recipes that have another."""
    if name == "name":
        return "the recipe's, or the data's"
    values = {recipe: fields[name] for recipe, fields in recipes.items() if name in fields}
    default = values["frey-faces"] if "frey-faces" in values else _default_of_kinds(*name.split("."))
    others = [f"{_text(value)} in {recipe}" for recipe, value in values.items() if value != default]
    return "; ".join([_text(default), *others])


def _kinds_in_short(section: str) -> str:
    """What the kinds of a section are, a line each; nothing for one without kinds."""
    kinds: Any = SECTIONS[section]
    return (
        "\n".join(f"- {kind.name}: {kind.in_short()}." for kind in kinds.values()) if isinstance(kinds, Kinds) else ""
    )


def _default_of_kinds(section: str, field: str) -> Any:
    """The default of a field that the default kind of a section has not."""
    kinds: Any = SECTIONS[section]
    return getattr(kinds[kinds.having(field)[0]], field)


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return " ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)


def _count_or_fraction(kind: Any, tokens: Sequence[Token]) -> int | float:
    """`200` is a count and `0.2` a fraction; cyclopts would make both whole."""
    text = tokens[0].value
    for number in (int, float):
        with contextlib.suppress(ValueError):
            return number(text)
    raise ValueError(f"must be a count or a fraction, not {text!r}")


def _whole_number(kind: Any, tokens: Sequence[Token]) -> int:
    """A whole number; cyclopts alone would round 1.5 to 2."""
    text = tokens[0].value
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"must be a whole number, not {text!r}") from None


def _whole_numbers(kind: Any, tokens: Sequence[Token]) -> tuple[int, ...]:
    return tuple(_whole_number(int, [token]) for token in tokens)


Whole = Annotated[int, Parameter(converter=_whole_number)]


def _flags() -> type:
    """A flag for every field of a recipe, absent unless given, in the sections of the recipe."""
    recipes = {name: load_recipe(name).fields() for name in recipe_names()}
    groups = {
        name: Group(f"Section {name}", sort_key=place, help=_kinds_in_short(name))
        for place, name in enumerate(SECTIONS, start=1)
    }
    converters = {int: _whole_number, tuple[int, ...]: _whole_numbers, int | float: _count_or_fraction}
    fields = []
    for full, (hint, help) in recipe_hints().items():
        if full == "data.source":
            continue
        short, kind = short_name(full), bare(hint)
        if typing.get_origin(kind) is typing.Literal:
            kind = str  # the recipe refuses other words, with the one that was probably meant
        flag = f"--{short.replace('_', '-')}"
        can_be_none = kind is bool or typing.get_origin(kind) is tuple
        section = full.partition(".")[0]
        parameter = Parameter(
            name=flag,
            help=f"{help}. [default: {_default_text(full, recipes)}]",
            show_default=False,
            consume_multiple=(1, None),
            negative=f"--no-{short.replace('_', '-')}" if can_be_none else (),
            converter=converters.get(kind),
            group=groups.get(section, "Choices of the recipe"),
        )
        fields.append((full.replace(".", "__"), Annotated[kind | None, parameter], dataclasses.field(default=None)))
    flags = dataclasses.make_dataclass("Flags", fields, kw_only=True)
    flags.__module__ = __name__  # a class of the standard library would not be taken apart into flags
    return flags


def with_short_flags(tokens: Sequence[str]) -> list[str]:
    """A command line in which fields have their short flags: `--hidden` in place of `--network.hidden`."""
    short = {
        f"--{no}{full.replace('_', '-')}": f"--{no}{short_name(full).replace('_', '-')}"
        for full in recipe_hints()
        for no in ("", "no-")
    }
    parted = (token.partition("=") for token in tokens)
    return [short.get(flag, flag) + equals + value for flag, equals, value in parted]


if TYPE_CHECKING:

    class Flags:
        """For the type checker; the fields are the recipe's."""
else:
    Flags = _flags()


def chosen_recipe(data: str | None, recipe: str | None, flags: Any) -> Recipe:
    """The recipe asked for, that of the run to start from, or the one that suits the data; with the flags over it."""
    from freyvae.data.array_file import split_array
    from freyvae.data.file_kind import name_of_set
    from freyvae.data.labels import split_column
    from freyvae.data.pack import is_pack, read_contents
    from freyvae.data.shards import is_pattern
    from freyvae.data.sources import NAMES, SOURCES

    known = data is None or data in NAMES
    source = SOURCES[data or "frey-faces"] if known else None
    packed = None if known or not is_pack(Path(data or "")) else read_contents(Path(data or ""))
    if packed is not None and packed.parts is not None:  # a benchmark set, and trained as such
        source = SOURCES.get(packed.name)
    given = {name: value for name, value in dataclasses.asdict(flags).items() if value is not None} if flags else {}
    # by their short names, which is how the command line and its errors call them
    changes = {short_name(name.replace("__", ".")): value for name, value in given.items()}
    if "from" in changes and recipe is None:
        chosen, changes = _recipe_of_run(changes)
    else:
        chosen = load_recipe(recipe or ("images" if source is None else source.recipe))
        if recipe is None and source is not None and source.has_parts:
            changes.setdefault("split", "given")
    if data is not None:
        path, array = split_array(data)
        is_path = not known and (path.exists() or is_pattern(path))
        changes["data"] = _written_out(path, array) if is_path else data
        if recipe is None and "name" not in given:
            changes["name"] = data if known else name_of_set(path.resolve()).lstrip(".") or "images"
    if changes.get("labels") is not None:
        table, column = split_column(changes["labels"])
        if table.exists():
            changes["labels"] = _written_out(table, column)
    return chosen.replace(**changes)


def _recipe_of_run(changes: dict[str, Any]) -> tuple[Recipe, dict[str, Any]]:
    """The recipe of the run that a training starts from, but for its labels, and the changes to it."""
    from freyvae.run import Run

    run = Run.open(changes["from"])
    chosen = run.recipe
    changes = {"name": f"{chosen.name}-tuned", "labels": None, **changes, "from": str(run.folder.resolve())}
    return chosen, changes


def _written_out(path: Path, part: str | None) -> str:
    """A path in full, so that the run finds its images and labels from wherever it is looked at."""
    return str(path.resolve()) if part is None else f"{path.resolve()}:{part}"
