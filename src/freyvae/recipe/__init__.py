"""A recipe: every choice of a run, as a record in sections and as TOML."""

from freyvae.choice import LARGEST_SEED
from freyvae.recipe.reading import load_recipe, parse_recipe, recipe_names
from freyvae.recipe.recipe import Recipe

__all__ = ["LARGEST_SEED", "Recipe", "load_recipe", "parse_recipe", "recipe_names"]
