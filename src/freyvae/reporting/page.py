"""The page of a run: self-contained HTML, without scripts or requests, pictures and style inside."""

import base64
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from operator import attrgetter
from pathlib import Path

from PIL import Image

from freyvae import palette
from freyvae.errors import BadInput
from freyvae.files import write_whole
from freyvae.mosaic import MOST_WEBP_PIXELS
from freyvae.records import Measurement, Quantity, TrainingRecord, quantities
from freyvae.reporting.standing import DotPlot, capital
from freyvae.reporting.tables import Table
from freyvae.templates import filled_in

# the large numbers at the top, all of one split: those that were measured, or else those of training
_HEADLINE = ("nll_bits_per_dim", "nll_nats", "rate_nats", "rmse_grey_levels")
_HEADLINE_OF_TRAINING = ("val_bits_per_dim", "val_free_energy_nats", "val_rate_nats", "val_rmse_grey_levels")
_LEDE = ("what", "data", "images", "split")


@dataclass(frozen=True)
class Shown:
    """A picture as it is shown: its content as lossless WebP, its size on the page in pixels, its words."""

    base64: str
    width: int
    height: int
    alt: str
    caption: str

    @classmethod
    def of(cls, content: bytes, *, name: str, caption: str) -> "Shown":
        """A PNG's content at half its pixels, where it is sharp on any screen. Raises `ValueError` for another's."""
        webp = io.BytesIO()
        try:
            with Image.open(io.BytesIO(content), formats=["PNG"]) as picture:
                if max(picture.size) > MOST_WEBP_PIXELS:
                    picture.thumbnail((MOST_WEBP_PIXELS, MOST_WEBP_PIXELS))
                width, height = (max(side // 2, 1) for side in picture.size)
                # lossless, and a third smaller than the PNG; with more effort hardly smaller
                picture.save(webp, "WEBP", lossless=True, quality=0, method=2)
        except (OSError, SyntaxError) as error:
            raise ValueError(f"no PNG picture: {error}") from error
        alt = f"{name.capitalize()}: {caption}" if caption else name
        return cls(base64.b64encode(webp.getvalue()).decode(), width, height, alt, caption)

    @classmethod
    def read(cls, path: Path, caption: str) -> "Shown":
        """The same of a file. Raises `BadInput` where it is missing or is no PNG."""
        try:
            return cls.of(path.read_bytes(), name=path.stem.replace("_", " "), caption=caption)
        except OSError as error:
            raise BadInput(f"cannot read the picture {path}: {error.strerror}") from error
        except ValueError as error:
            raise BadInput(f"{path} is not a PNG picture") from error


def write_report(
    folder: Path,
    *,
    title: str,
    verdict: str,
    facts: Mapping[str, str],
    training: TrainingRecord,
    measured: Measurement | None,
    standing: DotPlot,
    pictures: Sequence[Shown],
    command: str,
    to_measure: str = "",
    details: Sequence[Shown] = (),
    notes: Sequence[str] = (),
    tables: Sequence[Table] = (),
    remarks: Sequence[str] = (),
) -> Path:
    """Write `report.html` into a run's folder, whole or not at all, and return its path.

    Args:
        folder: the run's; where it holds `explorer/index.html`, the page links there.
        title: of the page, plain text like everything else here: it is escaped.
        verdict: how good the model is, a sentence or two; it comes first.
        facts: what was trained on what, and what it takes to reproduce it: data, images, split, recipe, seed, backend,
            versions, data hash. Underscores in names become spaces.
        training: what training found: its numbers are a table, in which each field has its title and its unit.
        measured: the headline's numbers, where the run is measured; else they are those of training.
        standing: the model beside what needs none, of the same images as the headline.
        pictures: those that come before all details, in order.
        command: what to type to reproduce the run.
        to_measure: what to type to measure it; shown where it is not measured.
        details: further pictures, likewise.
        notes: what a reader must know before believing a number; they stand above everything else but the verdict.
        tables: of what was measured.
        remarks: sentences below those tables.

    Raises:
        BadInput: the folder cannot be written.
    """
    folder = Path(folder)
    page = filled_in(
        "reporting/templates/report.html",
        title=title,
        style=style(),
        verdict=verdict,
        to_measure=to_measure if measured is None else "",
        lede=[facts[key] for key in _LEDE if facts.get(key)],
        has_explorer=(folder / "explorer" / "index.html").is_file(),
        headline=_headline(training, measured),
        standing=standing,
        notes=notes,
        tables=tables,
        remarks=remarks,
        number=number,
        pictures=pictures,
        details=details,
        numbers=quantities(training).values(),
        command=command,
        facts={capital(key.replace("_", " ")): value for key, value in facts.items() if value},
    )
    path = folder / "report.html"
    write_whole(path, page)
    return path


def style() -> str:
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
        title = f"-log {measured.nll_is}" if is_density else capital(measured.nll_is)
        found["nll_nats"] = replace(found["nll_nats"], title=title)
    shown = [found[name] for name in _HEADLINE if name in found]
    return [replace(each, title=f"{each.title}, {measured.measured_split}") for each in shown]


def number(value: float) -> str:
    """A number as it is read, not as it is stored: 1790.3271 -> '1790.3', 4.16612 -> '4.166'."""
    if isinstance(value, int):
        return str(value).replace("-", "−")
    if not math.isfinite(value):
        return {"nan": "not a number", "inf": "∞", "-inf": "−∞"}[str(value)]
    digits = 0 if abs(value) >= 1e4 else 1 if abs(value) >= 100 else 2 if abs(value) >= 10 else 3
    text = f"{value:.{digits}f}" if abs(value) >= 0.01 or value == 0 else f"{value:.2g}"
    return text.replace("-", "−")
