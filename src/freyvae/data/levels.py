"""Converts stored values of any depth to bytes, by a rule that says which values are black and white.

A rule is (low, high): byte = round(255 clip((value - low) / (high - low), 0, 1)). A file gives the width of its values,
but seldom the range in use: a microscope stores 12 bits in 16. So the range is taken over the whole set. A range that
allows two readings is refused, and the error names the argument that decides.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from freyvae.arguments import in_words
from freyvae.errors import BadInput

AUTO = "auto"
Range: TypeAlias = tuple[float, float]
Levels: TypeAlias = str | Sequence[float] | None

BYTES: Range = (0, 255)
SIXTEEN_BITS: Range = (0, 65535)
UNIT: Range = (0, 1)

# Values up to this one would be nearly black as bytes. More likely they are masks, digits or values of few bits.
DARK = 63
# Floats so close to 0 or 1 become the same byte, since round(255 * value) does not distinguish them.
_ROUNDING = 0.5 / 255
_VALUES_ENOUGH = 2**20  # enough to estimate shares of a whole set; counting takes eight bytes a value
_VALUES_AT_ONCE = 2**22  # converted in pieces, so that the memory for intermediate results does not grow


def parse_levels(levels: Levels) -> Range | str | None:
    """Parse `"0:4095"` or `(0, 4095)` to (low, high); `"auto"` and None are returned unchanged.

    Raises:
        BadInput: the value is none of these, or low is not below high.
    """
    if levels is None or (isinstance(levels, str) and levels == AUTO):
        return levels
    try:
        low, high = map(_number, levels.split(":") if isinstance(levels, str) else levels)
        good = math.isfinite(low) and math.isfinite(high) and low < high
    except (TypeError, ValueError, OverflowError):
        good = False
    if not good:
        raise BadInput(
            f"levels {in_words(levels)} is neither LOW:HIGH, the values that become black and white, such as 0:4095, "
            "nor auto"
        )
    return low, high


def levels_text(levels: Range) -> str:
    """Write (0, 4095) as `"0:4095"`, which `parse_levels` reads."""
    return ":".join(str(int(value)) if value == int(value) else repr(float(value)) for value in levels)


@dataclass(frozen=True)
class Extent:
    """Summary of values that are not kept.

    Attributes:
        dtypes: NumPy's names of their types.
        low: the lowest value.
        high: the highest.
        holds_bytes: whether every value is a multiple of 257, so that 16 bits hold no more information than 8.
    """

    dtypes: frozenset[str]
    low: float
    high: float
    holds_bytes: bool

    @classmethod
    def of(cls, values: npt.NDArray[Any]) -> "Extent":
        """The extent of one or more values, bool, integer or float."""
        if values.dtype.kind == "b":
            values = values.astype(np.uint8) * np.uint8(255)
        low, high = values.min().item(), values.max().item()
        wide = values.dtype.kind in "iu" and high > 255
        return cls(frozenset([values.dtype.name]), low, high, holds_bytes=wide and not np.any(values % 257))

    def __or__(self, other: "Extent") -> "Extent":
        return Extent(
            self.dtypes | other.dtypes,
            min(self.low, other.low),
            max(self.high, other.high),
            holds_bytes=self.holds_bytes and other.holds_bytes,
        )

    @property
    def range(self) -> str:
        """The range in words."""
        return f"{_short(self.low)} to {_short(self.high)}"


class Survey:
    """Looks at all the values of a set, piece by piece, and then gives the rule for each kind of value.

    Args:
        name: the name of the set in an error.
        levels: as `parse_levels` returns it.
        argument: the text for the argument `levels` in an error, with `{}` for its value.
    """

    def __init__(self, name: str, levels: Range | str | None, *, argument: str = 'levels="{}"') -> None:
        self._name = name
        self._levels = levels
        self._argument = argument
        self._extents: dict[str, Extent] = {}
        self._rules: dict[str, Range] | None = None
        self._values = np.zeros(2**16, bool)  # the stored integers that were seen, as far as 16 bits hold them
        self._has_others = False
        self.notes: list[str] = []

    def tell_at_once(self, kind: str) -> Range | None:
        """The rule for a kind of value if it does not depend on the set, otherwise None."""
        if isinstance(self._levels, tuple):
            return self._levels
        return BYTES if self._levels is None and kind == "bytes" else None

    def see(self, values: npt.NDArray[Any], kind: str) -> None:
        """Look at some values of a kind. Raises `BadInput` if one is NaN or infinite."""
        extent = Extent.of(values)
        if not (math.isfinite(extent.low) and math.isfinite(extent.high)):
            raise BadInput(f"{self._name}: some pixels are NaN or infinite; give finite ones")
        self._extents[kind] = self._extents[kind] | extent if kind in self._extents else extent
        self.count(values, kind)

    def count(self, values: npt.NDArray[Any], kind: str) -> None:
        """Note which integers there are among some values of a kind."""
        if kind != "integers":
            return
        if values.min() < 0 or values.max() >= len(self._values):
            self._has_others = True
        else:
            self._values[values.reshape(-1)] = True

    def add(self, other: "Survey") -> None:
        """Take note of what another survey, of other values of the set, has seen."""
        for kind, extent in other._extents.items():
            self._extents[kind] = self._extents[kind] | extent if kind in self._extents else extent
        self._values |= other._values
        self._has_others |= other._has_others

    def rule(self, kind: str) -> Range:
        """The rule for a kind of value, once all values were seen.

        Raises:
            BadInput: the range allows several rules. The message says what was found and what to give.
        """
        if self._rules is None:
            self._rules = self._decide()
        return self._rules[kind]

    @property
    def levels(self) -> str | None:
        """The rule as LOW:HIGH: that which was given, with `auto` replaced by the range found.

        If none was given, it is the rule of 16 bits if all values have 16 bits, and otherwise None.
        """
        if self._levels is None:
            return levels_text(SIXTEEN_BITS) if self._rules == {"integers": SIXTEEN_BITS} else None
        return levels_text(self._levels if isinstance(self._levels, tuple) else self._found())

    @property
    def lost(self) -> str:
        """How many different stored integers became how many bytes, in words; "" if none became the same byte."""
        if not self._values.any():
            return ""
        return self._lost(self.tell_at_once("integers") or self.rule("integers"))

    def _lost(self, rule: Range) -> str:
        stored = np.flatnonzero(self._values)
        kept = 0 if self._has_others else len(np.unique(to_bytes(stored, rule)))
        if not 0 < kept < len(stored):
            return ""
        return f"{len(stored):,} stored values became {kept} of 256 grey levels"

    def _decide(self) -> dict[str, Range]:
        if self._levels == AUTO:
            return dict.fromkeys(self._extents, self._found())
        deciders = {"bytes": self._of_bytes, "integers": self._of_integers, "floats": self._of_floats}
        return {kind: deciders[kind](extent) for kind, extent in self._extents.items()}

    def _found(self) -> Range:
        low = min(extent.low for extent in self._extents.values())
        high = max(extent.high for extent in self._extents.values())
        if low == high:
            raise BadInput(f"{self._name}: every pixel is {_short(low)}, so levels auto finds no range")
        return low, high

    def _of_bytes(self, extent: Extent) -> Range:
        return BYTES

    def _of_integers(self, extent: Extent) -> Range:
        low, high = extent.low, extent.high
        if low == high == 0 or (low >= 0 and DARK < high <= 255):
            return BYTES
        if low >= 0 and 2**15 <= high < 2**16:
            if not extent.holds_bytes:
                lost = self._lost(SIXTEEN_BITS)
                self.notes.append(f"16-bit pixels, {extent.range}, became bytes{lost and f': {lost}'}")
            return SIXTEEN_BITS
        if low < 0 or high >= 2**16:
            raise self._refusal(extent, low, high)
        if high <= DARK:
            raise self._refusal(extent, 0, high, {"0:255": "if they are dark bytes"})
        bits = next(bits for bits in (10, 12, 14, 16) if high < 2**bits)
        others = {} if bits == 16 else {"0:65535": "if they are dark 16-bit pixels"}
        raise self._refusal(extent, 0, 2**bits - 1, others)

    def _of_floats(self, extent: Extent) -> Range:
        if extent.low >= -_ROUNDING and extent.high <= 1 + _ROUNDING:
            if extent.low < 0 or extent.high > 1:
                self.notes.append("float pixels that leave [0, 1] by rounding were clipped")
            return UNIT
        if extent.low < 0 or extent.high > 255:
            raise self._refusal(extent, extent.low, extent.high)
        raise self._refusal(extent, 0, extent.high if extent.high <= DARK else 255)

    def _refusal(
        self, extent: Extent, low: float, high: float, other: Mapping[str, str] = MappingProxyType({})
    ) -> BadInput:
        if low == high:  # a constant has no range
            low, high = min(low, 0), max(high, 1)
        ways = [self._argument.format(levels_text((low, high)))]
        if (extent.low, extent.high) != (low, high) and extent.low < extent.high:
            ways.append(f"{self._argument.format(AUTO)} for {levels_text((extent.low, extent.high))}")
        ways += [f"{self._argument.format(levels)} {when}" for levels, when in other.items()]
        found = f"{' and '.join(sorted(extent.dtypes))} pixels from {extent.range}"
        why = "but floats must lie in [0, 1]" if "float" in found else "which does not tell what black and white are"
        return BadInput(f"{self._name}: {found}, {why}: give {', or '.join(ways)}")


def kind_of(dtype: np.dtype[Any]) -> str:
    """The kind of values, `bytes`, `integers` or `floats`: each kind has one rule."""
    if dtype.kind == "f":
        return "floats"
    return "bytes" if dtype == np.uint8 or dtype.kind == "b" else "integers"


def to_bytes(values: npt.NDArray[Any], levels: Range) -> npt.NDArray[np.uint8]:
    """Convert values to uint8 of the same shape, C-contiguous. uint8 with (0, 255) is unchanged; bool is 0 and 255."""
    if values.dtype == np.uint8 and levels == BYTES:
        return np.ascontiguousarray(values)
    low, high = levels
    out = np.empty(values.shape, np.uint8)
    step = max(1, _VALUES_AT_ONCE // max(1, math.prod(values.shape[1:])))
    for start in range(0, len(values), step):
        part = values[start : start + step]
        if part.dtype.kind == "b":
            part = part.astype(np.uint8) * np.uint8(255)
        part = part.astype(np.result_type(part.dtype, np.float32), copy=False)
        share = np.clip((part - low) / (high - low), 0, 1).astype(np.float32)
        out[start : start + step] = np.rint(share * np.float32(255))
    return out


def _some_of(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """All values, or a fixed random sample of a million: this runs at every call of a model, so it must be quick."""
    values = images.reshape(-1)
    if len(values) <= _VALUES_ENOUGH:
        return values
    return values[np.random.default_rng(0).integers(len(values), size=_VALUES_ENOUGH)]


def dark_note(images: npt.NDArray[np.uint8], levels: Levels = None) -> str:
    """A note on images that are nearly black, or that the given `levels` make mostly black and white.

    Masks and digits are nearly black, and so are pictures with only a few light pixels. The note is "" for other images
    and for images that are entirely black.
    """
    counts = np.bincount(_some_of(images), minlength=256)
    asked = parse_levels(levels)
    extremes = (counts[0] + counts[255]) / counts.sum()
    if isinstance(asked, tuple) and extremes > 0.5:
        return f"levels {levels_text(asked)} make {extremes:.0%} of the pixels black or white"
    top = int(images.max())
    if 0 < top <= DARK:
        return (
            f"the lightest pixel has grey level {top} of 255, so the images are nearly black; "
            "levels auto makes it white"
        )
    most = int(np.searchsorted(np.cumsum(counts), 0.995 * counts.sum()))
    if top and 0 < most <= DARK // 2:
        return (
            f"except for a few pixels the grey levels end at {most} of 255, so the images are nearly black; "
            "levels LOW:HIGH lightens them"
        )
    return ""


def _number(value: Any) -> float:
    """A number, as an int if it is whole: levels of 64 bits then keep every digit."""
    if isinstance(value, bool):
        raise TypeError(value)
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            return float(value)
    number = value.item() if hasattr(value, "item") else value
    if not isinstance(number, (int, float)):
        raise TypeError(value)
    return number


def _short(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:g}"
