"""The page of one recipe trained with many seeds: how far its numbers spread."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from freyvae.files import write_whole
from freyvae.records import SeedsRecord
from freyvae.reporting import tables
from freyvae.reporting.page import Shown, number, style
from freyvae.reporting.pictures.saving import png
from freyvae.reporting.pictures.seeds import curves_of_seeds
from freyvae.reporting.standing import Scale
from freyvae.run import Run
from freyvae.templates import filled_in


@dataclass(frozen=True)
class Strip(Scale):
    """A number of training, a dot a seed.

    Attributes:
        title: what it is, and its unit.
        said: mean and deviation in words.
        part: of the images that it is of: validation or training.
        values: by seed.
        ends: one deviation below the mean, and one above; None of one seed.
    """

    title: str
    said: str
    part: str
    values: tuple[float, ...]
    ends: tuple[float, float] | None

    @property
    def shown(self) -> Sequence[float]:
        """What the scale is around."""
        return (*self.values, *(self.ends or ()))


def write_seeds_report(folder: Path, found: SeedsRecord) -> Path:
    """Write `report.html` beside the run folders of many seeds, whole or not at all, and return its path.

    Args:
        folder: where the run folders are, and `seeds.json`.
        found: what that holds.

    Raises:
        BadInput: a run's history cannot be read, or the page cannot be written.
    """
    runs = {seed: Run(folder / f"seed-{seed}") for seed in found.seeds}
    curves = curves_of_seeds([run.read_history() for run in runs.values()])
    page = filled_in(
        "reporting/templates/seeds.html",
        title=f"{found.recipe} over {_counted(found.seeds)}",
        style=style(),
        lede=f"{found.data}; split {found.split}; seeds {found.seeds[0]} to {found.seeds[-1]}",
        verdict=_verdict(found),
        strips=_strips(found),
        curves=Shown.of(png(curves), name="curves", caption=_CAPTION),
        table=tables.by_seed(found),
        runs=[
            (f"seed {seed}", f"{quote(run.folder.name)}/{run.report_path.name}")
            for seed, run in runs.items()
            if run.report_path.is_file()
        ],
    )
    path = folder / "report.html"
    write_whole(path, page)
    return path


_CAPTION = "Free energy of each seed by epoch; validation above, where the model overfits. Lower is better."


def _strips(found: SeedsRecord) -> list[Strip]:
    strips = []
    for name, own in tables.shown_numbers(found).items():
        mean, deviation = own.mean, own.deviation
        said = number(mean) if deviation is None else f"{number(mean)} ± {number(deviation)}"
        part = "validation" if name.startswith("val_") else "training"
        ends = None if deviation is None else (mean - deviation, mean + deviation)
        strips.append(Strip(tables.named(name), said, part, own.values, ends))
    return strips


def _verdict(found: SeedsRecord) -> str:
    """The validation number that the others follow, and its spread."""
    name = "val_bits_per_dim" if "val_bits_per_dim" in found.numbers else "val_free_energy_nats"
    own = found.numbers[name]
    best = found.seeds[own.values.index(min(own.values))]
    unit = "bits per dimension" if name == "val_bits_per_dim" else "nats per image"
    spread = "" if own.deviation is None else f" ± {number(own.deviation)}"
    said = f"Free energy {number(own.mean)}{spread} {unit} on the validation images"
    return f"{said}: mean and standard deviation of {_counted(found.seeds)}. Seed {best} has the lowest."


def _counted(seeds: Sequence[int]) -> str:
    return "one seed" if len(seeds) == 1 else f"{len(seeds)} seeds"
