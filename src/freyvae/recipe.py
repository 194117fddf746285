"""A recipe: every choice of a run, as a dataclass and as TOML."""

import dataclasses
import difflib
import json
import operator
import tomllib
import types
import typing
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from freyvae.arguments import as_float, in_words, is_truth_value, several, text
from freyvae.errors import BadInput
from freyvae.files import as_path, read_small

FORMAT = 1
# the model draws from seed + 1 to seed + 6 too, and generators take 32 bits
LARGEST_SEED = 2**31 - 1
MOST_BYTES = 2**20
MOST_DOTS = 50  # of a key; a recipe's have none


def _choice(
    default: Any,
    help: str,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    above: float | None = None,
    below: float | None = None,
    one_of: tuple[str, ...] | None = None,
) -> Any:
    limits = {"at_least": at_least, "at_most": at_most, "above": above, "below": below, "one_of": one_of}
    return dataclasses.field(default=default, metadata={"help": help, **limits})


def _names_of_files(folder: str) -> tuple[str, ...]:
    """The names of what is a file of its own in a folder of `model/`, without importing any of it."""
    files = (resources.files("freyvae") / "model" / folder).iterdir()
    stems = (file.name.removesuffix(".py") for file in files if file.name.endswith(".py") and file.name[0] != "_")
    return tuple(sorted(stem.replace("_", "-") for stem in stems))


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"


_LIKELIHOODS = _names_of_files("likelihoods")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Every choice of a run. Feeding a run's `recipe.toml` back gives the same run.

    Raises:
        BadInput: a field has a wrong type or is out of range; the line names it.
    """

    name: str = _choice("frey-faces", "name of the run, and of its folder in runs/")
    data: str = _choice("frey-faces", "frey-faces, synthetic-faces, or the path of a folder or file of images")
    image_size: str | None = _choice(None, "resize images to HEIGHTxWIDTH pixels; by default they keep their size")
    grey: bool = _choice(False, "turn images to grey")
    levels: str | None = _choice(
        None,
        "stored values that become black and white, LOW:HIGH, such as 0:4095 for 12 bits, or auto for the lowest and "
        "highest of all images; by default 8 and 16 bits, and floats from 0 to 1",
    )
    strict: bool = _choice(False, "an unreadable file is an error; otherwise it is listed and left out")
    split: str = _choice(
        "blog",
        "which images are held out: blog (first 1800 train, next 100 validate, the rest test), random, or blocked "
        "(contiguous runs)",
        one_of=("blog", "random", "blocked"),
    )
    validation: int | float = _choice(0.1, "validation images, a count or a fraction (not for blog)", above=0)
    test: int | float = _choice(0.1, "test images, a count or a fraction (not for blog)", at_least=0)
    split_seed: int = _choice(0, "seed of the random split", at_least=0, at_most=LARGEST_SEED)
    latent_dim: int = _choice(2, "number of latents", at_least=1)
    latent_names: tuple[str, ...] = _choice(
        (), "names of the latents, or of the first ones, for the pictures and sliders; dropped with another latent_dim"
    )
    hidden: tuple[int, ...] = _choice((256,), "units of the encoder's hidden layers; the decoder's are reversed")
    activation: str = _choice("relu", "activation of the hidden layers, as Keras names it")
    network: str = _choice(
        "dense",
        "hidden layers: dense, or residual (a dense layer, then blocks of two that add to it; equal widths), or "
        "gated-convolutions (van den Berg et al. 2018; takes no notice of hidden, activation and start_at_mean)",
        one_of=("dense", "residual", "gated-convolutions"),
    )
    dropout: float = _choice(
        0.0, "share of the hidden activations that each training step sets to 0", at_least=0, below=1
    )
    standardize: bool = _choice(
        False, "give the encoder each pixel less its mean in the training images, in its standard deviations"
    )
    precision: str = _choice(
        "float32",
        "numbers that the networks compute in: float32, or bfloat16, faster where the processor has it",
        one_of=("float32", "bfloat16"),
    )
    likelihood: str = _choice(
        "discretized-logistic",
        f"distribution of a pixel: {_listed(_LIKELIHOODS)}",
        one_of=_LIKELIHOODS,
    )
    autoregressive: bool = _choice(
        False,
        "let each pixel depend on those before it too, beside the code: grey images and mixture-of-logistics only",
    )
    posterior: str = _choice(
        "diagonal-normal",
        "posterior: diagonal-normal, or one bent by a flow: planar, sylvester or inverse-autoregressive",
        one_of=("diagonal-normal", "planar", "sylvester", "inverse-autoregressive"),
    )
    flow_length: int = _choice(4, "steps of the posterior's flow, where it has one", at_least=1)
    prior: str = _choice(
        "standard-normal",
        "prior: standard-normal, or a learned one: gaussian-mixture, or vamp (posteriors of learned images)",
        one_of=("standard-normal", "gaussian-mixture", "vamp"),
    )
    prior_components: int = _choice(50, "normals that a learned prior is a mixture of", at_least=1)
    beta: float = _choice(1.0, "weight of the rate in the loss; 1 is the free energy", at_least=0)
    warm_up_epochs: int = _choice(0, "epochs in which the weight of the rate grows from 0 to beta", at_least=0)
    importance_samples: int = _choice(
        1, "draws of each image in a step; above 1 the loss is the importance-weighted bound", at_least=1
    )
    free_bits: float = _choice(0.0, "nats of rate that each latent has for nothing in the loss", at_least=0)
    noise_scale: float = _choice(1.0, "deviation of the reparametrization noise; the post has 0.01", at_least=0)
    average_distortion: bool = _choice(
        False, "average the distortion over pixels in the loss, as the post does; beta is then their number"
    )
    start_at_mean: bool = _choice(
        True, "start the decoder at the mean training image, an autoregressive one at their covariance too"
    )
    shift: float = _choice(
        0.0, "probability that an epoch shows a training image moved by one pixel", at_least=0, at_most=1
    )
    optimizer: str = _choice(
        "adam",
        "optimizer: adam, adamw, adamax, nadam, rmsprop, sgd or lion",
        one_of=("adam", "adamw", "adamax", "nadam", "rmsprop", "sgd", "lion"),
    )
    learning_rate: float = _choice(0.001, "learning rate of the optimizer", above=0)
    schedule: str = _choice(
        "constant",
        "course of the learning rate: constant, or cosine (down to 2 % of it in the last epoch)",
        one_of=("constant", "cosine"),
    )
    weight_decay: float = _choice(
        0.0,
        "weight decay as in adamw, but of the layers' matrices alone; 0 is none, or with adamw Keras's 0.004 of all",
        at_least=0,
    )
    gradient_clip: float = _choice(
        0.0, "largest norm of the whole gradient, which is scaled down to it; 0 is no limit", at_least=0
    )
    ema_momentum: float = _choice(
        0.0,
        "momentum of the weights' exponential moving average, which is then the model; 0 is no average",
        at_least=0,
        below=1,
    )
    epochs: int = _choice(100, "number of epochs", at_least=1)
    patience: int = _choice(
        0,
        "stop after so many epochs without a lower validation free energy, all after the warm-up, and keep the best "
        "epoch's weights; 0 trains all epochs and keeps the last's",
        at_least=0,
    )
    batch_size: int = _choice(100, "images in a training step", at_least=1)
    seed: int = _choice(0, "seed of every random draw of the training", at_least=0, at_most=LARGEST_SEED)

    def __post_init__(self) -> None:
        hints = typing.get_type_hints(type(self))
        for field in dataclasses.fields(self):
            value = _checked(field, hints[field.name], getattr(self, field.name))
            object.__setattr__(self, field.name, value)
        reserved = any(character in self.name for character in "/\\")
        if not self.name or reserved or not self.name.isprintable() or self.name.startswith("."):
            raise BadInput(f"name must be usable as the name of a folder, not {in_words(self.name)}")
        if len(set(self.latent_names)) < len(self.latent_names):
            raise BadInput(f"latent_names must differ from each other, not {in_words(list(self.latent_names))}")
        if len(self.latent_names) > self.latent_dim:
            raise BadInput(
                f"latent_names must be at most one a latent: {in_words(list(self.latent_names))} are "
                f"{len(self.latent_names)}, and latent_dim is {self.latent_dim}"
            )
        if any(width < 1 for width in self.hidden):
            raise BadInput(f"hidden must be positive numbers of units, not {in_words(list(self.hidden))}")

    def replace(self, **changes: Any) -> "Recipe":
        """The recipe with some fields changed; another `latent_dim` drops the names of the latents, if none are given.

        Raises `BadInput` for an unknown field or a bad value.
        """
        _refuse_unknown(changes, "field")
        if "latent_dim" in changes:
            nameless = dataclasses.replace(self, latent_dim=changes["latent_dim"], latent_names=())
            # latents of a model of another size are others: what was called pose would hardly be the second of sixteen
            if nameless.latent_dim != self.latent_dim:
                changes.setdefault("latent_names", ())
        return dataclasses.replace(self, **changes)

    def to_toml(self) -> str:
        """The recipe as TOML, one field a line, each with its meaning."""
        lines = [f"format = {FORMAT}"]
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            line = f"# {field.name} = " if value is None else f"{field.name} = {_toml_value(value)}"
            lines += ["", f"# {field.metadata['help']}", line.rstrip()]
        return "\n".join(lines) + "\n"


def recipe_names() -> list[str]:
    """Names of the recipes that freyvae ships."""
    folder = resources.files("freyvae") / "recipes"
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def load_recipe(name_or_path: str | Path, *, required: Sequence[str] = ()) -> Recipe:
    """A shipped recipe by its name, or one from a TOML file, in which the `required` keys must stand.

    Raises:
        BadInput: there is no such recipe, it is no TOML, it is of a newer version, a key is missing, or a field is
            unknown or bad.
    """
    names, required = recipe_names(), [text("required", key) for key in several("required", required)]
    if isinstance(name_or_path, str) and name_or_path in names:
        shipped = resources.files("freyvae") / "recipes" / f"{name_or_path}.toml"
        return parse_recipe(shipped.read_text(), name_or_path)
    path = as_path("recipe", name_or_path)
    source = str(name_or_path)
    if not path.is_file():
        raise BadInput(
            f"no recipe {source!r}: {_nearest(source, names)}a recipe of your own is the path of a TOML file"
        )
    return parse_recipe(read_small(path, most_bytes=MOST_BYTES), source, name=path.stem, required=required)


def parse_recipe(text: str, source: str, *, name: str = "frey-faces", required: Sequence[str] = ()) -> Recipe:
    """A recipe from TOML text; `source` is how messages call it, `name` its name where it says none.

    Raises `BadInput` as `load_recipe` does.
    """
    try:
        _refuse_dotted(text)
        fields = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # numbers of thousands of digits, too
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else error
        raise BadInput(f"the recipe {source} is no TOML: {reason}") from error
    missing = [key for key in required if key not in fields]
    is_written_by_freyvae = "format" in fields
    version = fields.pop("format", FORMAT)
    if type(version) is not int or version < 1:
        raise BadInput(f"the recipe {source}: format must be a whole number from 1 to {FORMAT}, not {version!r}")
    if version > FORMAT:
        raise BadInput(f"the recipe {source} has format {version}; this freyvae reads up to {FORMAT}: update freyvae")
    if missing:
        raise BadInput(f"the recipe {source} lacks {', '.join(missing)}: it is damaged")
    try:
        _refuse_unknown(fields, "key")
        fields = {"name": name, **fields}
        if is_written_by_freyvae and _has_too_many_names(fields):
            # earlier versions kept the names when latent_dim was changed: those runs must open
            del fields["latent_names"]
        return Recipe(**fields)
    except BadInput as error:
        raise BadInput(f"the recipe {source}: {error}") from error


def _has_too_many_names(fields: dict[str, Any]) -> bool:
    names, latents = fields.get("latent_names"), fields.get("latent_dim", Recipe.latent_dim)
    return isinstance(names, list) and type(latents) is int and 1 <= latents < len(names)


def _refuse_dotted(text: str) -> None:
    """Raise `ValueError` for keys of very many parts: tomllib's memory grows with the square of their number."""
    for line in text.splitlines():
        key = line.partition("=")[0]
        if key.count(".") > MOST_DOTS and not key.lstrip().startswith("#"):
            raise ValueError("it is nested too deeply")


def _refuse_unknown(names: dict[str, Any], what: str) -> None:
    known = [field.name for field in dataclasses.fields(Recipe)]
    for name in names:
        if name not in known:
            raise BadInput(f"unknown {what} {name!r}: {_nearest(name, known)}see `freyvae recipes print frey-faces`")


def _nearest(word: str, known: list[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}? " if near else f"there are {', '.join(known)}; "


def _checked(field: Any, hint: Any, value: Any) -> Any:
    """The value in the field's own type, or the line that says what is wrong with it."""
    kinds = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    converted = next((as_kind for kind in kinds if (as_kind := _as_kind(value, kind)) is not NotImplemented), value)
    if not any(_as_kind(value, kind) is not NotImplemented for kind in kinds):
        raise BadInput(f"{field.name} must be {_kind_text(kinds)}, not {in_words(value)}")
    limits = field.metadata
    if limits["one_of"] and converted not in limits["one_of"]:
        near = _nearest(str(converted), list(limits["one_of"])).rstrip("; ")
        raise BadInput(f"{field.name} cannot be {in_words(converted)}: {near}")
    if limits["at_least"] is not None and not converted >= limits["at_least"]:
        raise BadInput(f"{field.name} must be at least {limits['at_least']}, not {converted}")
    if limits["at_most"] is not None and not converted <= limits["at_most"]:
        raise BadInput(f"{field.name} must be at most {limits['at_most']}, not {converted}")
    if limits["above"] is not None and not converted > limits["above"]:
        raise BadInput(f"{field.name} must be more than {limits['above']}, not {converted}")
    if limits["below"] is not None and not converted < limits["below"]:
        raise BadInput(f"{field.name} must be less than {limits['below']}, not {converted}")
    return converted


def _as_kind(value: Any, kind: Any) -> Any:
    """The value if it is of this kind, a whole number also as a float; else NotImplemented.

    NumPy's numbers and truth values become Python's, which TOML can hold.
    """
    if kind is str and isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value):
        return NotImplemented  # bytes of a file name that are no UTF-8, which TOML cannot hold
    if kind is float:
        converted = as_float(value)
        return NotImplemented if converted is None else converted
    if kind is bool:
        return bool(value) if is_truth_value(value) else NotImplemented
    if kind is int:
        try:
            return NotImplemented if is_truth_value(value) else operator.index(value)
        except TypeError:
            return NotImplemented
    if typing.get_origin(kind) is tuple and isinstance(value, (list, tuple)):
        items = [_as_kind(item, typing.get_args(kind)[0]) for item in value]
        return NotImplemented if NotImplemented in items else tuple(items)
    if kind is str and isinstance(value, str):
        return str(value)  # a NumPy text, too
    return value if kind is types.NoneType and value is None else NotImplemented


def _kind_text(kinds: tuple[Any, ...]) -> str:
    texts = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}
    lists = {tuple[int, ...]: "a list of whole numbers", tuple[str, ...]: "a list of texts"}
    return " or ".join((texts | lists)[kind] for kind in kinds if kind is not types.NoneType)


def _toml_value(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(_toml_value(item) for item in value)}]"
    if isinstance(value, (str, bool)):
        # JSON's strings and booleans are TOML's, but for a bare DEL
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value)
