"""The names of the shipped recipes."""

from freyvae.cli.answer import AsJson, answer
from freyvae.cli.apps import recipes_app
from freyvae.recipe import recipe_names


@recipes_app.command(name="list")
def recipes_list(*, json: AsJson = False) -> None:
    """Names of the shipped recipes.

    Args:
        json: print JSON, for other programs, and nothing else.
    """
    answer({"recipes": list(recipe_names())}, "\n".join(recipe_names()), as_json=json)
