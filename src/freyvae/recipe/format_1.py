"""Recipes of format 1, which versions before 0.2 wrote: all fields side by side, some without effect in company."""

from typing import Any

from freyvae.choice import Kinds
from freyvae.errors import BadInput
from freyvae.fields import nearest
from freyvae.model.short_forms import named_shortly
from freyvae.recipe.recipe import SECTIONS, SHORT_NAMES, TOP, Recipe, recipe_fields

# fields that had no effect with some kinds, whatever they were
_WITHOUT_EFFECT = {"hidden", "activation", "start_at_mean", "flow_length", "prior_components"} | {
    "validation",
    "test",
    "split_seed",
}
_NAMES = [*TOP, *(name for name in SHORT_NAMES if name != "objective")]


def recipe_of_format_1(fields: dict[str, Any], name: str) -> Recipe:
    """The recipe of these keys; `name` is its name where they say none. Raises `BadInput` for a bad one."""
    is_written_by_freyvae = "format" in fields
    fields = {key: value for key, value in fields.items() if key != "format"}
    for key in fields:
        if key not in _NAMES:
            raise BadInput(f"unknown key {key!r}: {nearest(key, _NAMES)}see `freyvae recipes print frey-faces`")
    fields = {"name": name, **fields}
    names, latents = fields.get("latent_names"), fields.get("latent_dim", Recipe.latent_dim)
    if is_written_by_freyvae and isinstance(names, list) and type(latents) is int and 1 <= latents < len(names):
        # earlier versions kept the names when latent_dim was changed: those runs must open
        del fields["latent_names"]
    return Recipe().replace(**{key: value for key, value in fields.items() if _has_effect(key, value, fields)})


def _has_effect(key: str, value: Any, fields: dict[str, Any]) -> bool:
    """Whether the kinds that the fields name have this one. Raises `BadInput` for a value that none could have."""
    section, field = SHORT_NAMES.get(key, ("", None))
    if not field or key == "importance_samples":
        return True
    kinds = SECTIONS[section]
    if not isinstance(kinds, Kinds):
        return True
    kind = kinds.named(fields[section]) if section in fields else getattr(Recipe, section)
    if field in recipe_fields(type(kind)):
        return True
    with named_shortly(section, SHORT_NAMES):
        kinds.check(field, value)
    return key not in _WITHOUT_EFFECT
