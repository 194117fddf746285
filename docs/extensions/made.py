"""What the reference says of recipes, choices, commands and examples: made from the package, as Markdown or as reST."""

import ast
import dataclasses
import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docstring_parser
from cyclopts import App

import freyvae
from freyvae.choice import Kinds, Record
from freyvae.cli import app
from freyvae.fields import help_of, hints, type_in_words
from freyvae.recipe import recipe_names
from freyvae.recipe.recipe import SECTIONS, TOP, Recipe, recipe_fields, short_name

ROOT = Path(__file__).parents[2]
SHIPPED = Path(freyvae.__file__).parent / "recipe" / "shipped"
# the languages of the examples
LANGUAGES = {".py": "python", ".sbatch": "bash"}


def anchor(heading: str) -> str:
    """The anchor of a heading, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def sentence(text: str) -> str:
    """A description with a capital, unless a name such as `frey-faces` is first, and a full stop."""
    first = text.split(" ")[0]
    begun = text if "-" in first or first == "freyvae" else text[:1].upper() + text[1:]
    return begun + ("" if begun.endswith((".", ":")) else ".")


def default_in_words(value: Any) -> str:
    """A default as TOML has it, or in words where TOML has nothing for it."""
    if value is None:
        return "none"
    if isinstance(value, tuple):
        return f"[{', '.join(map(default_in_words, value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


def _field(name: str, hint: Any, default: Any) -> str:
    """A field of a recipe."""
    flag = f"--{short_name(name).replace('_', '-')}"
    said = "the argument DATA" if name == "data.source" else f"`{flag}`"
    return "\n".join(
        [
            f":::{{confval}} {name}",
            f":type: {type_in_words(hint)}",
            f":default: `{default_in_words(default)}`",
            "",
            f"{sentence(help_of(hint))} On the command line: {said}.",
            ":::",
            "",
        ]
    )


def recipe() -> str:
    """Every field of a recipe, by its section, and of the kinds of a section."""
    lines = ["## Name and latents", ""]
    all_hints = hints(Recipe)
    defaults = Recipe()
    lines += [_field(name, all_hints[name], getattr(defaults, name)) for name in TOP]
    for name, section in SECTIONS.items():
        lines += [f"## Section `{name}`", ""]
        if not isinstance(section, Kinds):
            shown: list[Record] = [section()]
        else:
            shown = list(section.values())
            kinds = "\n".join(f"- `{kind.name}`: {sentence(kind.in_short())}" for kind in section.values())
            default = default_in_words(getattr(defaults, name).name)
            lines += [
                f":::{{confval}} {name}.kind",
                f":type: one of {', '.join(section)}",
                f":default: `{default}`",
                "",
                f"The {section.what}. On the command line: `--{name}`.",
                "",
                kinds,
                ":::",
                "",
            ]
        having: dict[str, list[Record]] = {}
        for record in shown:
            for field in recipe_fields(type(record)):
                having.setdefault(field, []).append(record)
        for field, records in having.items():
            hint = hints(type(records[0]))[field]
            entry = _field(f"{name}.{field}", hint, getattr(records[0], field))
            if isinstance(section, Kinds) and len(records) < len(section):
                of = ", ".join(f"`{record.name}`" for record in records)  # type: ignore[attr-defined]
                entry = entry.replace("\n:::\n", f"\n\nOf {of}.\n:::\n")
            lines.append(entry)
    return "\n".join(lines)


def recipes() -> str:
    """The shipped recipes as they are."""
    texts = {name: (SHIPPED / f"{name}.toml").read_text("utf-8").rstrip() for name in recipe_names()}
    return "\n".join(f"### `{name}`\n\n```toml\n{text}\n```\n" for name, text in texts.items())


def every_command(branch: App, *words: str) -> Iterator[tuple[str, App]]:
    """The full name of each command, and the command."""
    for name in branch:
        if not name.startswith("-"):
            group = [child for child in branch[name] if not child.startswith("-")]
            yield from (
                every_command(branch[name], *words, name) if group else [(" ".join((*words, name)), branch[name])]
            )


def _command(name: str, command: App) -> str:
    function: Any = command.default_command
    said = docstring_parser.parse(function.__doc__)
    helps = {param.arg_name: param.description or "" for param in said.params}
    parameters = inspect.signature(function).parameters
    entries, usage, has_recipe = [], [f"freyvae {name}"], False
    for argument in command.assemble_argument_collection():
        place, names = argument.keys[0] if argument.keys else argument.field_info.name, list(argument.names)
        if argument.field_info.name not in parameters or names == ["*"]:
            has_recipe = True
            continue
        place = argument.field_info.name
        parameter = parameters[place]
        if parameter.kind is parameter.KEYWORD_ONLY:
            flags = [flag for flag in names if flag == names[0] or not flag.startswith(("--no-", "--empty-"))]
            value = "" if argument.hint is bool else f" {place.upper()}"
            title = ", ".join(flag + value for flag in flags)
        else:
            title = place.upper()
            title += "..." if parameter.kind is parameter.VAR_POSITIONAL or "tuple" in str(argument.hint) else ""
            usage.append(title if parameter.default is parameter.empty else f"[{title}]")
        help = helps.get(place, "").replace("\n", " ")
        default = parameter.default
        told = (
            ""
            if "[default" in help or default in (None, parameter.empty, ()) or default is False
            else f" [default: {default}]"
        )
        help = re.sub(r"\.?\s*\[default: (.*)\]$", r". Default: \1", help + told)
        entries.append(f"::::{{option}} {title}\n\n{sentence(help)}\n::::\n")
    description = "\n\n".join(filter(None, (said.short_description, said.long_description)))
    more = ["And a flag for each field of a [recipe](recipe.md).", ""] if has_recipe else []
    call = " ".join([*usage, "[OPTIONS]"])
    head = [f"## `freyvae {name}`", "", f"```console\n$ {call}\n```", "", description, ""]
    return "\n".join([*head, f":::{{program}} freyvae {name}\n:::\n", *entries, *more])


def commands() -> str:
    """Every command with its arguments and flags."""
    return "\n".join(_command(name, command) for name, command in every_command(app))


def examples() -> str:
    """The programs in examples/, whole."""
    found = []
    for path in sorted((ROOT / "examples").iterdir()):
        if path.suffix in LANGUAGES:
            found += [
                f"## {path.name}",
                "",
                f"````{LANGUAGES[path.suffix]}\n{path.read_text('utf-8').rstrip()}\n````",
                "",
            ]
    return "\n".join(found)


def kinds_of(section: str) -> str:
    """The kinds of a choice as classes, with their fields, in reStructuredText."""
    kinds: Any = SECTIONS[section]
    module = {"likelihood": "likelihoods", "prior": "priors", "posterior": "posteriors"}.get(section, f"{section}s")
    lines = []
    for kind in kinds.values():
        own = {field.name: getattr(kind, field.name) for field in dataclasses.fields(kind)}
        called = ", ".join(f"{name}={value!r}" for name, value in own.items())
        lines += [f".. autoclass:: freyvae.{module}.{type(kind).__name__}({called})", ""]
        said = docstring_parser.parse(type(kind).__doc__ or "")
        explained = {param.arg_name for param in said.params}
        types = [f"``{name}`` {type_in_words(hint)}" for name, hint in hints(type(kind)).items()]
        lines += [f"   By its name: ``{kind.name}``." + (f" Fields: {'; '.join(types)}." if types else ""), ""]
        for name, hint in hints(type(kind)).items():
            if name not in explained and help_of(hint):
                lines.append(f"   :param {name}: {help_of(hint)}.")
        lines.append("")
    return "\n".join(lines)


def public_names() -> dict[str, str]:
    """Public name -> the module that it is from."""
    stub = ast.parse(Path(freyvae.__file__).with_name("__init__.pyi").read_text("utf-8"))
    return {
        alias.name: str(line.module) for line in stub.body if isinstance(line, ast.ImportFrom) for alias in line.names
    }


MADE: dict[str, Callable[[], str]] = {
    "recipe": recipe,
    "recipes": recipes,
    "commands": commands,
    "examples": examples,
    **{
        f"{name}_kinds": (lambda name=name: kinds_of(name))
        for name, kinds in SECTIONS.items()
        if isinstance(kinds, Kinds)
    },
}
