"""Names that go on for the fields of choices: `beta` for the objective's, `flow_length` for the posterior's `length`.

Earlier versions had them as arguments of `VAE`, in the configuration of saved models and in recipes.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from freyvae.choice import Kinds
from freyvae.errors import BadInput
from freyvae.fields import hints
from freyvae.model.likelihoods import LIKELIHOODS
from freyvae.model.networks import NETWORKS
from freyvae.model.objective import Objective
from freyvae.model.objectives import OBJECTIVES
from freyvae.model.posteriors import POSTERIORS
from freyvae.model.priors import PRIORS

KINDS: dict[str, Kinds[Any]] = {
    "network": NETWORKS,
    "likelihood": LIKELIHOODS,
    "prior": PRIORS,
    "posterior": POSTERIORS,
    "objective": OBJECTIVES,
}
# short form -> the choice and its field
SHORT_FORMS = {
    "hidden": ("network", "hidden"),
    "activation": ("network", "activation"),
    "dropout": ("network", "dropout"),
    "standardize": ("network", "standardize"),
    "start_at_mean": ("network", "start_at_mean"),
    "autoregressive": ("likelihood", "autoregressive"),
    "prior_components": ("prior", "components"),
    "flow_length": ("posterior", "length"),
    "beta": ("objective", "beta"),
    "free_bits": ("objective", "free_bits"),
    "noise_scale": ("objective", "noise_scale"),
    "average_distortion": ("objective", "average_distortion"),
    "warm_up_steps": ("objective", "warm_up_steps"),
    "importance_samples": ("objective", "samples"),
}


def with_short_forms(choices: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Choices with what short forms say of their fields.

    Args:
        choices: name -> choice, of those in `KINDS`.
        given: short form -> value.

    Raises:
        BadInput: a value is wrong, or there is no such field in the choice.
    """
    given = dict(given)
    changed = dict(choices)
    samples = given.pop("importance_samples", None)
    fields: dict[str, dict[str, Any]] = {}
    for name, value in given.items():
        choice, field = SHORT_FORMS[name]
        fields.setdefault(choice, {})[field] = value
    if samples is not None:
        changed["objective"] = of_samples(changed["objective"], samples, fields.get("objective", {}))
    for choice, values in fields.items():
        with named_shortly(choice, SHORT_FORMS):
            changed[choice] = KINDS[choice].changed(changed[choice], **values)
    return changed


@contextmanager
def named_shortly(choice: str, names: Mapping[str, tuple[str, str | None]]) -> Iterator[None]:
    """Errors that begin with a field of this choice begin with its short form, of `names`."""
    try:
        yield
    except BadInput as error:
        field, _, rest = str(error).partition(" ")
        short = next((name for name, place in names.items() if place == (choice, field)), field)
        raise BadInput(f"{short} {rest}") from error


def without_effect(choices: Mapping[str, Any], given: Mapping[str, Any]) -> set[str]:
    """Short forms for which the choices have no field: earlier versions kept all of them in their files."""
    return {
        name
        for name in given
        if name in SHORT_FORMS
        and name != "importance_samples"
        and SHORT_FORMS[name][1] not in hints(type(choices[SHORT_FORMS[name][0]]))
    }


def of_samples(objective: Objective, samples: Any, weighing: dict[str, Any]) -> Objective:
    """The objective with so many draws of each image: more than one are another, and one is the free energy.

    Args:
        objective: as it was.
        samples: number of draws.
        weighing: field of the free energy -> value, which are changed too; emptied where it says nothing.

    Raises:
        BadInput: the bound of several draws has no rate to weigh.
    """
    plain = OBJECTIVES["free-energy"]
    with named_shortly("objective", SHORT_FORMS):
        bound = OBJECTIVES.changed(OBJECTIVES["importance-weighted"], samples=samples)
    if getattr(bound, "samples", None) == 1:
        return plain if type(objective) is type(bound) else objective
    is_weighed = any(value != getattr(plain, field) for field, value in weighing.items())
    if is_weighed or (isinstance(objective, type(plain)) and objective != plain):
        raise BadInput(
            "the importance-weighted bound has no rate of its own to weigh: importance_samples above 1 goes with "
            "beta and noise_scale 1, and without warm-up, free_bits, average_distortion and guidance"
        )
    weighing.clear()
    return bound
