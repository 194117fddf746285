"""The page of a run: self-contained HTML, without scripts or requests, pictures and style inside."""

import base64
import math
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from operator import attrgetter
from pathlib import Path
from typing import Any

from freyvae import palette
from freyvae.errors import BadInput
from freyvae.files import write_whole
from freyvae.reporting.tables import Table
from freyvae.templates import filled_in

# suffix of a metric's name -> its unit in words; the first that fits
_UNITS = {
    "_bits_per_dim": "bits per dimension",
    "_bits_per_dim_se": "bits per dimension",
    "_nats": "nats per image",
    "_nats_se": "nats per image",
    "_grey_levels": "grey levels of 255",
    "_per_second": "per second",
    "_seconds": "seconds",
    "_bytes": "bytes",
}
_SPLITS = {"val": "validation", "validation": "validation", "train": "training", "test": "test"}
_WORDS = {
    "nll": "negative log-likelihood",
    "rmse": "RMSE",
    "se": "standard error",
    "compile": "compilation",
    "kl": "KL",
    "png": "PNG",
    "webp": "WebP",
}
_NOT_SHOWN = ("format", "seed", "versions")  # the file's own, and those that are among the facts

# the large numbers at the top, all of one split: those that were measured, or else those of training
_HEADLINE = ("nll_bits_per_dim", "nll_nats", "rate_nats", "rmse_grey_levels")
_HEADLINE_OF_TRAINING = ("val_bits_per_dim", "val_free_energy_nats", "val_rate_nats", "val_rmse_grey_levels")
_LEDE = ("what", "data", "images", "split")


@dataclass(frozen=True)
class _Quantity:
    """A number as it is shown: its name, its value, its unit or ""."""

    name: str
    value: str
    unit: str


@dataclass(frozen=True)
class _Picture:
    """A PNG as it is shown: its content, its size on the page in pixels, its words."""

    base64: str
    width: int
    height: int
    alt: str
    caption: str

    @property
    def is_narrow(self) -> bool:
        """Whether two stand in a row."""
        return self.width <= 600


def write_report(
    folder: Path,
    *,
    title: str,
    facts: Mapping[str, str],
    metrics: Mapping[str, Any],
    pictures: Sequence[tuple[Path, str]],
    command: str,
    notes: Sequence[str] = (),
    numbers: Mapping[str, Any] | None = None,
    tables: Sequence[Table] = (),
    remarks: Sequence[str] = (),
) -> Path:
    """Write `report.html` into a run's folder, whole or not at all, and return its path.

    Args:
        folder: the run's; where it holds `explorer/index.html`, the page links there.
        title: of the page, plain text like everything else here: it is escaped.
        facts: what was trained on what, and what it takes to reproduce it: data, images, split, recipe, seed, backend,
            versions, data hash. Underscores in names become spaces.
        metrics: of `metrics.json`: names end in their unit. A mapping within is a group of the table.
        pictures: PNG files with their captions, in order.
        command: what to type to reproduce the run.
        notes: what a reader must know before believing a number; they stand above everything else.
        numbers: which of the metrics stand in the table of numbers; by default all.
        tables: of what was measured.
        remarks: sentences below those tables.

    Raises:
        BadInput: a picture is missing or is no PNG, or the folder cannot be written.
    """
    folder = Path(folder)
    page = filled_in(
        "reporting/templates/report.html",
        title=title,
        style=_style(),
        lede=[facts[key] for key in _LEDE if facts.get(key)],
        has_explorer=(folder / "explorer" / "index.html").is_file(),
        headline=_headline(metrics),
        notes=notes,
        tables=tables,
        remarks=remarks,
        pictures=[_picture(Path(path), caption) for path, caption in pictures],
        groups=_groups(metrics if numbers is None else numbers),
        command=command,
        facts={_capital(_plain(key)): value for key, value in facts.items() if value},
    )
    path = folder / "report.html"
    write_whole(path, page)
    return path


def _style() -> str:
    """The page's style, its colours first."""
    light, dark = (palette.custom_properties(attrgetter(theme)) for theme in ("light", "dark"))
    rules = (files("freyvae.reporting") / "templates" / "report.css").read_text(encoding="utf-8")
    return f":root {{\n{light}}}\n\n@media (prefers-color-scheme: dark) {{\n:root {{\n{dark}}}\n}}\n\n{rules}"


def _headline(metrics: Mapping[str, Any]) -> list[_Quantity]:
    measured = [key for key in _HEADLINE if _is_number(metrics.get(key))]
    found = []
    for key in measured or [key for key in _HEADLINE_OF_TRAINING if _is_number(metrics.get(key))]:
        name, unit = _name_and_unit(key)
        if key == "nll_nats" and "nll_bits_per_dim" not in metrics:  # no probability of the bytes: what, then?
            name = f"-log {metrics['nll_is']}" if "density" in metrics["nll_is"] else _capital(metrics["nll_is"])
        if measured and "measured_split" in metrics:
            name += f", {metrics['measured_split']}"
        found.append(_Quantity(name, _number(metrics[key]), unit))
    return found


def _picture(path: Path, caption: str) -> _Picture:
    """A PNG at half its pixels, where it is sharp on any screen."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadInput(f"cannot read the picture {path}: {error.strerror}") from error
    if content[:8] != b"\x89PNG\r\n\x1a\n" or len(content) < 24:
        raise BadInput(f"{path} is not a PNG picture")
    width, height = (size // 2 for size in struct.unpack(">II", content[16:24]))
    name = path.stem.replace("_", " ")
    alt = f"{name.capitalize()}: {caption}" if caption else name
    return _Picture(base64.b64encode(content).decode(), width, height, alt, caption)


def _groups(metrics: Mapping[str, Any]) -> dict[str, list[_Quantity]]:
    """All numbers: those of no group under "", then each mapping within as a group. Words are left out."""
    plain = {key: value for key, value in metrics.items() if key not in _NOT_SHOWN and not isinstance(value, Mapping)}
    groups = {"": _quantities(plain.items())}
    for group, values in metrics.items():
        if isinstance(values, Mapping):
            groups.setdefault(_capital(_plain(group)), []).extend(_quantities(_flat(values)))
    return {name: quantities for name, quantities in groups.items() if quantities}


def _quantities(items: Iterable[tuple[str, Any]]) -> list[_Quantity]:
    return [_quantity(key, value) for key, value in items if value is not None and not isinstance(value, str)]


def _quantity(key: str, value: Any) -> _Quantity:
    name, unit = _name_and_unit(key)
    shown = ", ".join(map(_number, value)) if isinstance(value, list | tuple) else _number(value)
    return _Quantity(name, shown, unit)


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, prefix=f"{prefix}{key}, ")
        else:
            yield f"{prefix}{key}", value


def _name_and_unit(key: str) -> tuple[str, str]:
    """'val_free_energy_nats' -> ('Free energy, validation', 'nats per image')."""
    unit = ""
    name = key
    for suffix, said in _UNITS.items():
        if key.endswith(suffix) or key == suffix[1:]:
            unit = said
            if key != suffix[1:]:
                name = key.removesuffix(suffix) + ("_se" if suffix.endswith("_se") else "")
            break
    if key == "seconds":
        name = "training"
    part, _, rest = name.partition("_")
    if part in _SPLITS and (rest or unit):
        return f"{_capital(_plain(rest or 'free_energy'))}, {_SPLITS[part]}", unit
    return _capital(_plain(name)), unit


def _plain(key: str) -> str:
    return " ".join(_WORDS.get(word, word) for word in key.replace("_", " ").split(" "))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(value: Any) -> str:
    """A number as it is read, not as it is stored: 1790.3271 -> '1790.3', 4.16612 -> '4.166'."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not _is_number(value):
        return str(value)
    if isinstance(value, int):
        return str(value).replace("-", "−")
    if not math.isfinite(value):
        return {"nan": "not a number", "inf": "∞", "-inf": "−∞"}[str(value)]
    digits = 0 if abs(value) >= 1e4 else 1 if abs(value) >= 100 else 2 if abs(value) >= 10 else 3
    text = f"{value:.{digits}f}" if abs(value) >= 0.01 or value == 0 else f"{value:.2g}"
    return text.replace("-", "−")
