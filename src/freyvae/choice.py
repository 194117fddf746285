"""A choice: a frozen record whose fields are arguments, keys of a recipe and flags at once."""

import dataclasses
import importlib
import pkgutil
from abc import ABC
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Generic, Self, TypeVar

from msgspec import Meta

from freyvae.arguments import in_words
from freyvae.errors import BadInput, few_words
from freyvae.fields import checked, hints, nearest

# a model draws from seed + 1 to seed + 8 too, and generators take 32 bits
LARGEST_SEED = 2**31 - 1

Positive = Annotated[int, Meta(ge=1)]
NotNegative = Annotated[float, Meta(ge=0)]
Seed = Annotated[int, Meta(ge=0, le=LARGEST_SEED)]


@dataclass(frozen=True)
class Record:
    """Frozen fields, each checked by its annotation: a type, and msgspec's `Meta` for limits and a description.

    Numbers and truth values of NumPy become Python's, lists become tuples.

    Raises:
        BadInput: a field is of another type, or out of range; the line names it.
    """

    def __post_init__(self) -> None:
        for name, hint in hints(type(self)).items():
            object.__setattr__(self, name, checked(name, getattr(self, name), hint))


@dataclass(frozen=True)
class Choice(Record, ABC):
    """One of the kinds that there are of something, by its name, with its fields."""

    name: ClassVar[str]
    gives_way: ClassVar[bool] = False
    """Whether it stands for another kind, and is that one where a field of it is given."""

    @classmethod
    def in_short(cls) -> str:
        """What it is: the first sentence of its docstring, without its full stop."""
        return (cls.__doc__ or "").partition("\n")[0].rstrip(".")

    def get_config(self) -> dict[str, Any]:
        """The fields, by which Keras saves a choice of a person's own."""
        return dataclasses.asdict(self)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The choice of these fields."""
        return cls(**config)


Kind = TypeVar("Kind", bound=Choice)


class Kinds(Mapping[str, Kind], Generic[Kind]):
    """Name -> choice with its default fields, of all kinds of one thing that are shipped.

    Args:
        what: they are kinds of, as messages call it.
        base: the class of them all.
        classes: the kinds.
    """

    def __init__(self, what: str, base: type[Kind], classes: list[type[Kind]]):
        self.what, self.base = what, base
        self._defaults = {kind.name: kind() for kind in classes}

    @classmethod
    def in_folder(cls, what: str, base: type[Kind], package: str, path: Any) -> "Kinds[Kind]":
        """The kinds of a package, a file each: a kind is there when its file is, there is no other list of them."""
        return cls(what, base, [_in_file(f"{package}.{file.name}", base) for file in pkgutil.iter_modules(path)])

    def __getitem__(self, name: str) -> Kind:
        return self._defaults[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._defaults)

    def __len__(self) -> int:
        return len(self._defaults)

    def class_named(self, name: str) -> type[Kind]:
        """The class of this name, such as `MixtureOfLogistics`. Raises `AttributeError` where there is none."""
        for kind in self._defaults.values():
            if type(kind).__name__ == name:
                return type(kind)
        raise AttributeError(f"there is no {self.what} {name!r}: there are {', '.join(self.class_names())}")

    def class_names(self) -> list[str]:
        """The names of their classes."""
        return [type(kind).__name__ for kind in self._defaults.values()]

    def read(self, choice: Any) -> Kind:
        """A choice, from itself, from its name, or from what `saved` made of it.

        Raises:
            BadInput: there is none of this name, a field is wrong, or it is something else.
        """
        if isinstance(choice, self.base):
            return choice
        if isinstance(choice, str) and choice in self:
            return self[choice]
        name = choice.get("name") if isinstance(choice, dict) else None
        if isinstance(name, str) and name in self:
            return self.changed(self[name], **{field: value for field, value in choice.items() if field != "name"})
        if isinstance(choice, dict):
            import keras

            try:
                loaded = keras.saving.deserialize_keras_object(choice)
            except (TypeError, ValueError) as error:
                raise BadInput(f"the {self.what} is none that Keras can load: {few_words(error)}") from error
            if isinstance(loaded, self.base):
                return loaded
        raise BadInput(
            f"unknown {self.what} {in_words(choice)}: choose one of {', '.join(self)}, or give a {self.base.__name__}"
        )

    def saved(self, choice: Kind) -> Any:
        """What a model's configuration keeps: the name of one as it is by default, its fields too, or Keras's own."""
        shipped = self.get(choice.name)
        if shipped == choice:
            return choice.name
        if type(shipped) is type(choice):
            return {"name": choice.name, **choice.get_config()}
        import keras

        return keras.saving.serialize_keras_object(choice)

    def changed(self, choice: Kind, kind: str | None = None, /, **fields: Any) -> Kind:
        """The choice with other fields; as another kind it keeps the fields that both have.

        A field that only other kinds have, and that is as it is there by default, says nothing.

        Raises:
            BadInput: there is no such kind, it has no such field, or a value is wrong.
        """
        if kind is not None and kind != choice.name:
            known = self.named(kind)
            kept = {name: getattr(choice, name) for name in hints(type(known)) if name in hints(type(choice))}
            choice = known if not kept else type(known)(**{**kept, **_only_known(known, fields)})
        if choice.gives_way:
            having = [name for name in self if fields and all(field in hints(type(self[name])) for field in fields)]
            choice = self[having[0]] if having else choice
        for name in [name for name in fields if name not in hints(type(choice))]:
            if not self._says_nothing(name, fields.pop(name)):
                raise BadInput(f"the {self.what} {choice.name} has no {name}{self.where(name)}")
        return dataclasses.replace(choice, **fields)

    def _says_nothing(self, field: str, value: Any) -> bool:
        """Whether a field that another kind has is as it is there by default. Raises `BadInput` for a bad value."""
        having = self.having(field)
        return bool(having) and bool(self.check(field, value) == getattr(self[having[0]], field))

    def check(self, field: str, value: Any) -> Any:
        """The value as the kinds that have this field take it. Raises `BadInput` for a bad one."""
        return checked(field, value, hints(type(self[self.having(field)[0]]))[field])

    def having(self, field: str) -> list[str]:
        """The names of the kinds that have this field."""
        return [name for name, choice in self.items() if field in hints(type(choice))]

    def where(self, field: str) -> str:
        """The end of a line that says which kinds have a field."""
        having = self.having(field)
        listed = " and ".join(filter(None, [", ".join(having[:-1]), *having[-1:]]))
        return f": only {listed} {'have' if having[1:] else 'has'} one" if having else ""

    def named(self, kind: Any) -> Kind:
        """The kind of this name, with its default fields. Raises `BadInput`, with the nearest, where there is none."""
        if not isinstance(kind, str):
            raise BadInput(f"{self.what} must be a text, not {in_words(kind)}")
        if kind not in self:
            raise BadInput(f"{self.what} cannot be {in_words(kind)}: {nearest(kind, list(self)).rstrip('; ')}")
        return self[kind]


def _in_file(name: str, base: type[Kind]) -> type[Kind]:
    module = importlib.import_module(name)
    kinds = [kind for kind in vars(module).values() if isinstance(kind, type) and kind.__module__ == name]
    (kind,) = (kind for kind in kinds if issubclass(kind, base))
    return kind


def _only_known(choice: Choice, fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name in hints(type(choice))}
