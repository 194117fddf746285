"""Likelihoods p(x | z): probability distributions of images, a file each, which is called as they are.

They are of the bytes themselves: `log_prob` takes uint8 images, returns nats per image. `discretized_logistic.py` holds
the class of the likelihood `discretized-logistic`; there is no other list of them.
"""

import importlib
import pkgutil
from typing import Any

import keras

from freyvae.arguments import in_words
from freyvae.errors import BadInput, few_words
from freyvae.model.likelihood import Likelihood

__all__ = ["LIKELIHOODS", "as_likelihood", "saved_likelihood"]


def _in_file(name: str) -> Likelihood:
    """The likelihood of a file of this folder, with its default fields."""
    module = importlib.import_module(f"{__name__}.{name}")
    kinds = [kind for kind in vars(module).values() if isinstance(kind, type) and kind.__module__ == module.__name__]
    (kind,) = (kind for kind in kinds if issubclass(kind, Likelihood))
    likelihood: Likelihood = kind()
    return likelihood


# by name, with the fields that they have by default
LIKELIHOODS: dict[str, Likelihood] = {
    likelihood.name: likelihood for likelihood in (_in_file(module.name) for module in pkgutil.iter_modules(__path__))
}


def as_likelihood(choice: Any) -> Likelihood:
    """A likelihood, from itself, from its name, or from what `saved_likelihood` made of it.

    Raises:
        BadInput: there is none of this name, or it is something else.
    """
    if isinstance(choice, Likelihood):
        return choice
    if isinstance(choice, str) and choice in LIKELIHOODS:
        return LIKELIHOODS[choice]
    name = choice.get("name") if isinstance(choice, dict) else None
    if isinstance(name, str) and name in LIKELIHOODS:
        try:
            return type(LIKELIHOODS[name])(**{field: value for field, value in choice.items() if field != "name"})
        except TypeError as error:  # a field that it has not
            raise BadInput(f"the likelihood {name}: {few_words(error)}") from error
    if isinstance(choice, dict):
        try:
            loaded = keras.saving.deserialize_keras_object(choice)
        except (TypeError, ValueError) as error:
            raise BadInput(f"the likelihood is none that Keras can load: {few_words(error)}") from error
        if isinstance(loaded, Likelihood):
            return loaded
    raise BadInput(
        f"unknown likelihood {in_words(choice)}: choose one of {', '.join(LIKELIHOODS)}, or give a Likelihood"
    )


def saved_likelihood(likelihood: Likelihood) -> Any:
    """What a model's configuration keeps: the name where nothing else was chosen, the fields too, or Keras's own."""
    shipped = LIKELIHOODS.get(likelihood.name)
    if shipped == likelihood:
        return likelihood.name
    if type(shipped) is type(likelihood):
        return {"name": likelihood.name, **likelihood.get_config()}
    return keras.saving.serialize_keras_object(likelihood)
