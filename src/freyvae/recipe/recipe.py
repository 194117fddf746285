"""The record of a recipe: every choice of a run."""

import dataclasses
import json
from dataclasses import dataclass
from typing import Annotated, Any

from msgspec import Meta

from freyvae.arguments import in_words
from freyvae.choice import Choice, Kinds, Positive, Record
from freyvae.errors import BadInput
from freyvae.fields import checked, help_of, hints, nearest
from freyvae.files import is_name_of_folder
from freyvae.model.likelihood import Likelihood
from freyvae.model.likelihoods import LIKELIHOODS
from freyvae.model.network import Network
from freyvae.model.networks import NETWORKS
from freyvae.model.objective import Objective
from freyvae.model.objectives import OBJECTIVES
from freyvae.model.posterior import Posterior
from freyvae.model.posteriors import POSTERIORS
from freyvae.model.prior import Prior
from freyvae.model.priors import PRIORS
from freyvae.model.short_forms import SHORT_FORMS, named_shortly, of_samples
from freyvae.recipe.sections import SPLITS, Data, Optimizer, Split, Training

FORMAT = 2
# the sections: those with kinds, and records
SECTIONS: dict[str, Kinds[Any] | type[Record]] = {
    "data": Data,
    "split": SPLITS,
    "network": NETWORKS,
    "likelihood": LIKELIHOODS,
    "prior": PRIORS,
    "posterior": POSTERIORS,
    "objective": OBJECTIVES,
    "optimizer": Optimizer,
    "training": Training,
}
# short name, a flag and a key of format 1 -> the section and its field; None is the section's kind
SHORT_NAMES: dict[str, tuple[str, str | None]] = {
    "data": ("data", "source"),
    **{name: ("data", name) for name in ("image_size", "grey", "levels", "labels", "strict")},
    **{name: (name, None) for name in ("split", "network", "likelihood", "prior", "posterior", "objective")},
    "validation": ("split", "validation"),
    "test": ("split", "test"),
    "split_seed": ("split", "seed"),
    **{name: place for name, place in SHORT_FORMS.items() if name != "warm_up_steps"},
    "optimizer": ("optimizer", "kind"),
    **{
        name: ("optimizer", name)
        for name in ("learning_rate", "schedule", "weight_decay", "gradient_clip", "ema_momentum")
    },
    "from": ("training", "start_from"),
    **{
        name: ("training", name)
        for name in (
            "epochs",
            "minutes",
            "patience",
            "batch_size",
            "warm_up_epochs",
            "shift",
            "flip",
            "binarize",
            "freeze",
            "precision",
            "seed",
        )
    },
}
_DATA, _OPTIMIZER, _TRAINING = Data(), Optimizer(), Training()
# fields that stand before the sections
TOP = ("name", "latent_dim", "latent_names")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Every choice of a run. Feeding a run's `recipe.toml` back gives the same run, where no `minutes` end it.

    A section is an object, or the name of a kind as it is by default.

    Raises:
        BadInput: a field has a wrong type or is out of range, the line names it; or choices do not go together.
    """

    name: Annotated[str, Meta(description="name of the run, and of its folder in runs/")] = "frey-faces"
    latent_dim: Annotated[Positive, Meta(description="number of latents")] = 2
    latent_names: Annotated[
        tuple[str, ...],
        Meta(
            description="names of the latents, or of the first ones, for the pictures and sliders; dropped with "
            "another latent_dim"
        ),
    ] = ()
    data: Data = _DATA
    split: Split = SPLITS["blog"]
    network: Network = NETWORKS["dense"]
    likelihood: Likelihood = LIKELIHOODS["discretized-logistic"]
    prior: Prior = PRIORS["standard-normal"]
    posterior: Posterior = POSTERIORS["diagonal-normal"]
    objective: Objective = OBJECTIVES["free-energy"]
    optimizer: Optimizer = _OPTIMIZER
    training: Training = _TRAINING

    def __post_init__(self) -> None:
        for name, hint in _top_hints().items():
            object.__setattr__(self, name, checked(name, getattr(self, name), hint))
        for name, section in SECTIONS.items():
            value = getattr(self, name)
            if isinstance(section, Kinds):
                chosen = section.read(value)
                if type(section.get(chosen.name)) is not type(chosen):
                    raise BadInput(
                        f"{name} {chosen.name} is one of your own, which no recipe.toml can name: "
                        "give it to freyvae.VAE"
                    )
                object.__setattr__(self, name, chosen)
            elif not isinstance(value, section):
                raise BadInput(f"{name} must be a {section.__name__}, not {in_words(value)}")
        if not is_name_of_folder(self.name):
            raise BadInput(f"name must be usable as the name of a folder, not {in_words(self.name)}")
        if len(set(self.latent_names)) < len(self.latent_names):
            raise BadInput(f"latent_names must differ from each other, not {in_words(list(self.latent_names))}")
        if len(self.latent_names) > self.latent_dim:
            raise BadInput(
                f"latent_names must be at most one a latent: {in_words(list(self.latent_names))} are "
                f"{len(self.latent_names)}, and latent_dim is {self.latent_dim}"
            )
        if getattr(self.objective, "warm_up_steps", 0):
            raise BadInput("a recipe counts its warm-up in epochs: give warm_up_epochs=..., not warm_up_steps")
        self.objective.check(self.posterior, self.prior)
        if self.training.warm_up_epochs:
            self.objective_of_steps(1)

    def objective_of_steps(self, steps_per_epoch: int) -> Objective:
        """The objective, its warm-up counted in steps.

        Raises:
            BadInput: there is a warm-up, and the objective weighs no rate.
        """
        if not self.training.warm_up_epochs:
            return self.objective
        if "warm_up_steps" not in hints(type(self.objective)):
            raise BadInput(
                f"the objective {self.objective.name} has no rate of its own to weigh: warm_up_epochs must then be 0"
            )
        return OBJECTIVES.changed(self.objective, warm_up_steps=self.training.warm_up_epochs * steps_per_epoch)

    def replace(self, **changes: Any) -> "Recipe":
        """The recipe with some fields changed; another `latent_dim` drops the names of the latents, if none are given.

        Args:
            changes: a section as an object or by its kind's name, the short name of a field (`epochs`, `hidden`), or
                its full one (`**{"network.hidden": (512,)}`). Another kind keeps the fields that both have.

        Raises:
            BadInput: there is no such field, or a value is wrong.

        Example:
            >>> import freyvae
            >>> recipe = freyvae.load_recipe("frey-faces").replace(latent_dim=16, epochs=200, prior="vamp")
            >>> recipe.training.epochs, recipe.prior.name, recipe.latent_names
            (200, 'vamp', ())
        """
        changes = dict(changes)
        changed: dict[str, Any] = {name: changes.pop(name) for name in TOP if name in changes}
        if "latent_dim" in changed and "latent_names" not in changed:
            # latents of a model of another size are others: what was called pose would hardly be the second of sixteen
            other = checked("latent_dim", changed["latent_dim"], _top_hints()["latent_dim"]) != self.latent_dim
            changed["latent_names"] = () if other else self.latent_names
        samples = changes.pop("importance_samples", None)
        kinds, fields = _by_section(changes)
        if samples is not None:
            changed["objective"] = of_samples(self.objective, samples, fields.get("objective", {}))
        for name in kinds | fields:
            section, own = SECTIONS[name], fields.get(name, {})
            before = changed.get(name, getattr(self, name))
            with named_shortly(name, SHORT_NAMES):
                if isinstance(section, Kinds):
                    kind = kinds.get(name, before)
                    if isinstance(kind, section.base):
                        changed[name] = section.changed(kind, **own)
                    else:
                        changed[name] = section.changed(before, section.named(kind).name, **own)
                else:
                    changed[name] = dataclasses.replace(kinds.get(name, before), **own)
        return dataclasses.replace(self, **changed)

    def fields(self) -> dict[str, Any]:
        """Full name -> value of all fields: `name`, `data.source`, `split`, which is its kind, `split.test`, and on."""
        found: dict[str, Any] = {name: getattr(self, name) for name in TOP}
        for name in SECTIONS:
            section = getattr(self, name)
            if isinstance(section, Choice):
                found[name] = section.name
            found |= {f"{name}.{field}": getattr(section, field) for field in recipe_fields(type(section))}
        return found

    def to_toml(self) -> str:
        """The recipe as TOML, one field a line, each with its meaning."""
        lines = [f"format = {FORMAT}"]
        for name in TOP:
            lines += _line(name, getattr(self, name), help_of(_top_hints()[name]))
        for name, section in SECTIONS.items():
            values = getattr(self, name)
            lines += ["", f"[{name}]"]
            if isinstance(section, Kinds):
                lines += [f"# {section.what}: {listed(list(section))}"]
                lines += [f"# - {kind.name}: {kind.in_short()}" for kind in section.values()]
                lines += [f"kind = {_toml_value(values.name)}"]
            for field, hint in recipe_fields(type(values)).items():
                lines += _line(field, getattr(values, field), help_of(hint))
        return "\n".join(lines) + "\n"


def recipe_fields(record: type[Record]) -> dict[str, Any]:
    """The fields of a record that stand in recipes, and their annotations: those with a description."""
    return {name: hint for name, hint in hints(record).items() if help_of(hint)}


def short_name(full: str) -> str:
    """The short name of a field by its full one, where it has one: `epochs` of `training.epochs`."""
    section, _, field = full.partition(".")
    for short, place in SHORT_NAMES.items():
        if place == (section, field or None):
            return short
    return full


def recipe_hints() -> dict[str, tuple[Any, str]]:
    """Full name of every field -> its annotation, and what it is, with the kinds that have it where not all do."""
    found = {name: (hint, help_of(hint)) for name, hint in _top_hints().items()}
    for name, section in SECTIONS.items():
        if isinstance(section, Kinds):
            found[name] = (str, f"{section.what}: {listed(list(section))}")
        for record in _records(name):
            for field, hint in recipe_fields(record).items():
                having = section.having(field) if isinstance(section, Kinds) else []
                of_kinds = (
                    f" ({', '.join(having)})" if isinstance(section, Kinds) and len(having) < len(section) else ""
                )
                found.setdefault(f"{name}.{field}", (hint, help_of(hint) + of_kinds))
    return found


def _known_names() -> list[str]:
    """Short names of fields, and the full names of those that have none."""
    return list(dict.fromkeys([*(short_name(name) for name in recipe_hints()), *SHORT_NAMES]))


def _records(section: str) -> list[type[Record]]:
    """The records that a section may be, one for each kind."""
    kinds = SECTIONS[section]
    return [type(kind) for kind in kinds.values()] if isinstance(kinds, Kinds) else [kinds]


def _by_section(changes: dict[str, Any]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Changes taken apart: section -> kind or object, and section -> field -> value. Raises `BadInput`."""
    kinds: dict[str, Any] = {}
    fields: dict[str, dict[str, Any]] = {}
    for name, value in changes.items():
        section, field = SHORT_NAMES.get(name, ("", None))
        if name in SECTIONS and isinstance(value, Record):
            section, field = name, None
        elif not section:
            section, _, field = name.partition(".")
        if section not in SECTIONS or (
            field and not any(field in recipe_fields(record) for record in _records(section))
        ):
            raise BadInput(
                f"unknown field {name!r}: {nearest(name, _known_names())}see `freyvae recipes print frey-faces`"
            )
        if field:
            fields.setdefault(section, {})[field] = value
        else:
            kinds[section] = value
    return kinds, fields


def listed(names: list[str]) -> str:
    """Names as an English list of alternatives."""
    return f"{', '.join(names[:-1])} or {names[-1]}"


def _line(name: str, value: Any, help: str) -> list[str]:
    line = f"# {name} = " if value is None else f"{name} = {_toml_value(value)}"
    return ["", f"# {help}", line.rstrip()]


def _toml_value(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(_toml_value(item) for item in value)}]"
    if isinstance(value, (str, bool)):
        # JSON's strings and booleans are TOML's, but for a bare DEL
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value)


def _top_hints() -> dict[str, Any]:
    all_hints: dict[str, Any] = hints(Recipe)
    return {name: all_hints[name] for name in TOP}
