"""A recipe as TOML."""

from freyvae.cli.apps import recipes_app
from freyvae.console import print_lines
from freyvae.recipe import load_recipe


@recipes_app.command(name="print")
def recipes_print(recipe: str) -> None:
    """Print a recipe with every field and its meaning; save it, change it, and give it to `freyvae train --recipe`.

    Args:
        recipe: a shipped recipe's name, or a TOML file.
    """
    print_lines(load_recipe(recipe).to_toml().rstrip("\n"))
