"""The page of a run: self-contained HTML, without scripts or requests, pictures and style inside."""

import base64
import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from operator import attrgetter
from pathlib import Path

from freyvae import palette
from freyvae.errors import BadInput
from freyvae.files import write_whole
from freyvae.records import Measurement, Quantity, TrainingRecord, quantities
from freyvae.reporting.tables import Table
from freyvae.templates import filled_in

# the large numbers at the top, all of one split: those that were measured, or else those of training
_HEADLINE = ("nll_bits_per_dim", "nll_nats", "rate_nats", "rmse_grey_levels")
_HEADLINE_OF_TRAINING = ("val_bits_per_dim", "val_free_energy_nats", "val_rate_nats", "val_rmse_grey_levels")
_LEDE = ("what", "data", "images", "split")


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
    training: TrainingRecord,
    measured: Measurement | None,
    pictures: Sequence[tuple[Path, str]],
    command: str,
    notes: Sequence[str] = (),
    tables: Sequence[Table] = (),
    remarks: Sequence[str] = (),
) -> Path:
    """Write `report.html` into a run's folder, whole or not at all, and return its path.

    Args:
        folder: the run's; where it holds `explorer/index.html`, the page links there.
        title: of the page, plain text like everything else here: it is escaped.
        facts: what was trained on what, and what it takes to reproduce it: data, images, split, recipe, seed, backend,
            versions, data hash. Underscores in names become spaces.
        training: what training found: its numbers are a table, in which each field has its title and its unit.
        measured: the headline's numbers, where the run is measured; else they are those of training.
        pictures: PNG files with their captions, in order.
        command: what to type to reproduce the run.
        notes: what a reader must know before believing a number; they stand above everything else.
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
        headline=_headline(training, measured),
        notes=notes,
        tables=tables,
        remarks=remarks,
        number=_number,
        pictures=[_picture(Path(path), caption) for path, caption in pictures],
        numbers=quantities(training).values(),
        command=command,
        facts={_capital(key.replace("_", " ")): value for key, value in facts.items() if value},
    )
    path = folder / "report.html"
    write_whole(path, page)
    return path


def _style() -> str:
    """The page's style, its colours first."""
    light, dark = (palette.custom_properties(attrgetter(theme)) for theme in ("light", "dark"))
    rules = (files("freyvae.reporting") / "templates" / "report.css").read_text(encoding="utf-8")
    return f":root {{\n{light}}}\n\n@media (prefers-color-scheme: dark) {{\n:root {{\n{dark}}}\n}}\n\n{rules}"


def _headline(training: TrainingRecord, measured: Measurement | None) -> list[Quantity]:
    if measured is None:
        found = quantities(training)
        return [found[name] for name in _HEADLINE_OF_TRAINING if name in found]
    found = quantities(measured)
    if "nll_bits_per_dim" not in found:  # no probability of the bytes: what, then?
        is_density = "density" in measured.nll_is
        title = f"-log {measured.nll_is}" if is_density else _capital(measured.nll_is)
        found["nll_nats"] = replace(found["nll_nats"], title=title)
    shown = [found[name] for name in _HEADLINE if name in found]
    return [replace(each, title=f"{each.title}, {measured.measured_split}") for each in shown]


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


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _number(value: float) -> str:
    """A number as it is read, not as it is stored: 1790.3271 -> '1790.3', 4.16612 -> '4.166'."""
    if isinstance(value, int):
        return str(value).replace("-", "−")
    if not math.isfinite(value):
        return {"nan": "not a number", "inf": "∞", "-inf": "−∞"}[str(value)]
    digits = 0 if abs(value) >= 1e4 else 1 if abs(value) >= 100 else 2 if abs(value) >= 10 else 3
    text = f"{value:.{digits}f}" if abs(value) >= 0.01 or value == 0 else f"{value:.2g}"
    return text.replace("-", "−")
