"""The names of the shipped recipes."""

from freyvae.cli.apps import recipes_app
from freyvae.console import print_lines
from freyvae.recipe import recipe_names


@recipes_app.command(name="list")
def recipes_list() -> None:
    """Names of the shipped recipes."""
    print_lines("\n".join(recipe_names()))
