"""Which run is better? Runs side by side, their likelihoods paired image by image."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.special import stdtrit

from freyvae.arguments import several
from freyvae.errors import BadInput
from freyvae.evaluation.measurement import IMAGES_FORMAT
from freyvae.metrics import standard_error
from freyvae.records import Measurement
from freyvae.run import Run, opened


@dataclass(frozen=True)
class Difference:
    """A run's -log p(x) less that of the first run, image by image: below 0, the run is better.

    Attributes:
        mean: in nats per image.
        low: the lower end of the 95 % confidence interval of the mean (Student's t over images); None for one image.
        high: its upper end.
    """

    mean: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Comparison:
    """Runs measured on the same images.

    Attributes:
        folders: the runs', in the order given.
        data: where the images were from.
        measurements: of each run.
        differences: of each run to the first; None for the first, and where the likelihoods are of another kind.
        values: of an image, to turn nats into bits per dimension.
        notes: what a reader must know.
    """

    folders: tuple[str, ...]
    data: str
    measurements: tuple[Measurement, ...]
    differences: tuple[Difference | None, ...]
    values: int
    notes: tuple[str, ...]


def compare(runs: Sequence[Run | str | Path]) -> Comparison:
    """Compare runs that were measured on the same images: their likelihoods are paired image by image.

    Args:
        runs: two or more finished runs, or their folders; the others are compared with the first.

    Raises:
        BadInput: fewer than two runs, a run that is not measured, or runs measured on different images.
    """
    found = [opened(run) for run in several("runs", runs)]
    if len(found) < 2:
        raise BadInput("comparing takes at least two runs")
    measured = [_read_measured(run) for run in found]
    first, first_nll = measured[0]
    for run, (measurement, _) in zip(found, measured, strict=True):
        if measurement.images_sha256 != first.images_sha256:
            raise BadInput(
                f"{found[0].folder} and {run.folder} were measured on different images ({_images_of(found[0], first)}; "
                f"{_images_of(run, measurement)}): no figure of one compares with one of the other"
            )
    differences: list[Difference | None] = [None]
    for measurement, nll in measured[1:]:
        differences.append(_difference(nll - first_nll) if measurement.nll_is == first.nll_is else None)
    return Comparison(
        folders=tuple(str(run.folder) for run in found),
        data=found[0].training.data,
        measurements=tuple(measurement for measurement, _ in measured),
        differences=tuple(differences),
        values=int(np.prod(found[0].load_model().image_shape)),
        notes=tuple(_notes_of_comparison([measurement for measurement, _ in measured])),
    )


def _difference(paired: np.ndarray) -> Difference:
    mean, error = float(paired.mean()), standard_error(paired)
    if error is None:
        return Difference(mean, None, None)
    half = float(stdtrit(len(paired) - 1, 0.975)) * error
    return Difference(mean, mean - half, mean + half)


def _notes_of_comparison(measured: Sequence[Measurement]) -> list[str]:
    notes = []
    if len({one.nll_is for one in measured}) > 1:
        notes.append(
            "Likelihoods of different kinds (a probability of the bytes, a density, a cross-entropy) do not compare: "
            "no difference is given between them."
        )
    if len({one.nll_samples for one in measured}) > 1:
        counts = ", ".join(str(one.nll_samples) for one in measured)
        notes.append(f"Measured with different numbers of samples ({counts}): more samples give a lower figure.")
    seen = dict.fromkeys(note for one in measured for note in one.measured_notes)
    return [*notes, *(note for note in seen if all(note in one.measured_notes for one in measured))]


def _images_of(run: Run, measured: Measurement) -> str:
    training = run.training
    return f"{measured.images} {measured.measured_split} images of {training.data}, split {training.split}"


def _read_measured(run: Run) -> tuple[Measurement, np.ndarray]:
    """A run's measurement, and the -log p(x) of each image."""
    measured = run.measurement
    again = f"`freyvae measure {run.folder}`"
    if measured is None or not run.measured_path.is_file():
        raise BadInput(f"{run.folder} has not been measured: {again} does it")
    try:
        with run.measured_path.open("rb") as file, np.load(file, allow_pickle=False) as saved:
            version, sha256, nll = int(saved["format"]), str(saved["images_sha256"]), saved["nll_nats"]
    except Exception as error:  # damaged files make zipfile and numpy raise almost anything
        raise BadInput(f"{run.measured_path} is damaged: {again} writes it again") from error
    if version > IMAGES_FORMAT:
        raise BadInput(
            f"{run.measured_path} has format {version}; this freyvae reads up to {IMAGES_FORMAT}: update freyvae"
        )
    of_another = sha256 != measured.images_sha256 or nll.shape != (measured.images,)
    # the mean tells apart what versions before 0.2 left, which kept no hash
    of_another = of_another or not np.isclose(nll.mean(), measured.nll_nats, rtol=1e-6)
    if of_another or not run.is_unchanged(run.measured_path):
        raise BadInput(f"{run.measured_path} is of another measurement than {run.metrics_path}: {again} mends it")
    return measured, nll
