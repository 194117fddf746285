"""A recipe as TOML."""

from freyvae.cli.answer import AsJson, answer
from freyvae.cli.apps import recipes_app
from freyvae.recipe import load_recipe


@recipes_app.command(name="print")
def recipes_print(recipe: str, *, json: AsJson = False) -> None:
    """Print a recipe with every field and its meaning; save it, change it, and give it to `freyvae train --recipe`.

    Args:
        recipe: a shipped recipe's name, or a TOML file.
        json: print JSON, for other programs, and nothing else.
    """
    found = load_recipe(recipe)
    answer(found.fields(), found.to_toml().rstrip("\n"), as_json=json)
