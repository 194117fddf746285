"""Which stored values are black and white? By that rule values of any depth become bytes.

A rule is (low, high): byte = round(255 clip((value - low) / (high - low), 0, 1)). Files say how wide a value is,
seldom what range it uses: a microscope's 12 bits lie in 16. So the range is looked at over a whole set, and what could
be meant in two ways is refused, with the argument that says it.
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

# Values up to here are nearly black as bytes, and rather masks, digits or few bits than bytes.
DARK = 63
# A byte is the same for all of these: round(255 * value) does not tell them from 0 and 1.
_ROUNDING = 0.5 / 255
_VALUES_ENOUGH = 2**20  # to know shares of a whole set by; counting takes eight bytes for each
_VALUES_AT_ONCE = 2**22  # so that memory does not grow with what a conversion needs in between


def parse_levels(levels: Levels) -> Range | str | None:
    """(low, high) from `"0:4095"` or `(0, 4095)`; `"auto"` and None stay what they are.

    Raises:
        BadInput: none of these, or low is not below high.
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
            f"levels {in_words(levels)} is not LOW:HIGH, the values that become black and white, such as 0:4095, "
            "nor auto"
        )
    return low, high


def levels_text(levels: Range) -> str:
    """`"0:4095"` of (0, 4095): what `parse_levels` reads."""
    return ":".join(str(int(value)) if value == int(value) else repr(float(value)) for value in levels)


@dataclass(frozen=True)
class Extent:
    """What is left to know of values that are not kept.

    Attributes:
        dtypes: as numpy names them.
        low: the lowest value.
        high: the highest.
        holds_bytes: whether every one is a multiple of 257, so that 16 bits hold no more than 8.
    """

    dtypes: frozenset[str]
    low: float
    high: float
    holds_bytes: bool

    @classmethod
    def of(cls, values: npt.NDArray[Any]) -> "Extent":
        """That of at least one value, bool, integer or float."""
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
        """From where to where, for a line of text."""
        return f"{_short(self.low)} to {_short(self.high)}"


class Survey:
    """Looks at all the values of a set, piece by piece, and then tells the rule for each kind of them.

    Args:
        name: what to call the set in an error.
        levels: as `parse_levels` returns it.
        argument: how to say the argument that would help, with `{}` for its value.
    """

    def __init__(self, name: str, levels: Range | str | None, *, argument: str = 'levels="{}"') -> None:
        self._name = name
        self._levels = levels
        self._argument = argument
        self._extents: dict[str, Extent] = {}
        self._rules: dict[str, Range] | None = None
        self.notes: list[str] = []

    def tell_at_once(self, kind: str) -> Range | None:
        """The rule for values of a kind, where it needs no look at the set."""
        if isinstance(self._levels, tuple):
            return self._levels
        return BYTES if self._levels is None and kind == "bytes" else None

    def see(self, values: npt.NDArray[Any], kind: str) -> None:
        """Look at some values of a kind. Raises `BadInput` for a NaN or an infinity among them."""
        extent = Extent.of(values)
        if not (math.isfinite(extent.low) and math.isfinite(extent.high)):
            raise BadInput(f"{self._name}: some pixels are NaN or infinite; give finite ones")
        self._extents[kind] = self._extents[kind] | extent if kind in self._extents else extent

    def rule(self, kind: str) -> Range:
        """The rule for values of a kind that were seen, when all were.

        Raises:
            BadInput: it could be this or that; the line says what was found and what to give.
        """
        if self._rules is None:
            self._rules = self._decide()
        return self._rules[kind]

    @property
    def levels(self) -> str | None:
        """The rule that was asked for, `auto` replaced by what was found; None where none was."""
        if self._levels is None:
            return None
        return levels_text(self._levels if isinstance(self._levels, tuple) else self._found())

    def _decide(self) -> dict[str, Range]:
        if self._levels == AUTO:
            return dict.fromkeys(self._extents, self._found())
        deciders = {"bytes": self._of_bytes, "integers": self._of_integers, "floats": self._of_floats}
        return {kind: deciders[kind](extent) for kind, extent in self._extents.items()}

    def _found(self) -> Range:
        low = min(extent.low for extent in self._extents.values())
        high = max(extent.high for extent in self._extents.values())
        if low == high:
            raise BadInput(f"{self._name}: every pixel is {_short(low)}, so that levels auto has no range to find")
        return low, high

    def _of_bytes(self, extent: Extent) -> Range:
        return BYTES

    def _of_integers(self, extent: Extent) -> Range:
        low, high = extent.low, extent.high
        if low == high == 0 or (low >= 0 and DARK < high <= 255):
            return BYTES
        if low >= 0 and 2**15 <= high < 2**16:
            if not extent.holds_bytes:
                self.notes.append(f"16-bit pixels, {extent.range}, became bytes: 257 values share a grey level")
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
        if low == high:  # a constant has no range of its own
            low, high = min(low, 0), max(high, 1)
        ways = [self._argument.format(levels_text((low, high)))]
        if (extent.low, extent.high) != (low, high) and extent.low < extent.high:
            ways.append(f"{self._argument.format(AUTO)} for {levels_text((extent.low, extent.high))}")
        ways += [f"{self._argument.format(levels)} {when}" for levels, when in other.items()]
        found = f"{' and '.join(sorted(extent.dtypes))} pixels from {extent.range}"
        why = "but floats must lie in [0, 1]" if "float" in found else "which does not tell what black and white are"
        return BadInput(f"{self._name}: {found}, {why}: give {', or '.join(ways)}")


def kind_of(dtype: np.dtype[Any]) -> str:
    """`bytes`, `integers` or `floats`: values that one rule is for."""
    if dtype.kind == "f":
        return "floats"
    return "bytes" if dtype == np.uint8 or dtype.kind == "b" else "integers"


def to_bytes(values: npt.NDArray[Any], levels: Range) -> npt.NDArray[np.uint8]:
    """Values by the rule, uint8 of the same shape, C-contiguous; uint8 under (0, 255) as it is; bool 0 and 255."""
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
    """All values, or of very many the same million at every call: every call of a model asks."""
    values = images.reshape(-1)
    if len(values) <= _VALUES_ENOUGH:
        return values
    return values[np.random.default_rng(0).integers(len(values), size=_VALUES_ENOUGH)]


def dark_note(images: npt.NDArray[np.uint8], levels: Levels = None) -> str:
    """What to say of images that came out nearly black or, by `levels` that were given, mostly black and white.

    Masks and digits come out so, and pictures of which a few pixels are light; "" of others, and of black ones.
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
            f"but for a few pixels the grey levels end at {most} of 255, so the images are nearly black; "
            "levels LOW:HIGH lightens them"
        )
    return ""


def _number(value: Any) -> float:
    """An int where it is whole, so that levels of 64 bits keep every digit."""
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
