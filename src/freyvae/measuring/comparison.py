"""Which run is better? Runs side by side, their likelihoods paired image by image."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import stdtrit

from freyvae.arguments import several
from freyvae.errors import BadInput
from freyvae.evaluation import standard_error
from freyvae.measuring.measurement import IMAGES_FORMAT, check_measures
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
        metrics: of each run.
        differences: of each run to the first; None for the first, and where the likelihoods are of another kind.
        values: of an image, to turn nats into bits per dimension.
        notes: what a reader must know.
    """

    folders: tuple[str, ...]
    metrics: tuple[dict[str, Any], ...]
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
    first_metrics, first_nll = measured[0]
    for run, (metrics, _) in zip(found, measured, strict=True):
        if metrics["images_sha256"] != first_metrics["images_sha256"]:
            raise BadInput(
                f"{found[0].folder} and {run.folder} were measured on different images ({_images_of(first_metrics)}; "
                f"{_images_of(metrics)}): no figure of one compares with one of the other"
            )
    differences: list[Difference | None] = [None]
    for metrics, nll in measured[1:]:
        same_kind = metrics["nll_is"] == first_metrics["nll_is"]
        differences.append(_difference(nll - first_nll) if same_kind else None)
    return Comparison(
        folders=tuple(str(run.folder) for run in found),
        metrics=tuple(metrics for metrics, _ in measured),
        differences=tuple(differences),
        values=int(np.prod(found[0].load_model().image_shape)),
        notes=tuple(_notes_of_comparison([metrics for metrics, _ in measured])),
    )


def _difference(paired: np.ndarray) -> Difference:
    mean, error = float(paired.mean()), standard_error(paired)
    if error is None:
        return Difference(mean, None, None)
    half = float(stdtrit(len(paired) - 1, 0.975)) * error
    return Difference(mean, mean - half, mean + half)


def _notes_of_comparison(metrics: Sequence[dict[str, Any]]) -> list[str]:
    notes = []
    if len({one["nll_is"] for one in metrics}) > 1:
        notes.append(
            "Likelihoods of different kinds (a probability of the bytes, a density, a cross-entropy) do not compare: "
            "no difference is given between them."
        )
    if len({one["nll_samples"] for one in metrics}) > 1:
        counts = ", ".join(str(one["nll_samples"]) for one in metrics)
        notes.append(f"Measured with different numbers of samples ({counts}): more samples give a lower figure.")
    seen = dict.fromkeys(note for one in metrics for note in one["measured_notes"])
    return [*notes, *(note for note in seen if all(note in one["measured_notes"] for one in metrics))]


def _images_of(metrics: dict[str, Any]) -> str:
    return f"{metrics['images']} {metrics['measured_split']} images of {metrics['data']}, split {metrics['split']}"


def _read_measured(run: Run) -> tuple[dict[str, Any], np.ndarray]:
    """A run's metrics, and the -log p(x) of each image."""
    metrics = run.read_metrics()
    again = f"`freyvae measure {run.folder}`"
    if "nll_nats" not in metrics or not run.measured_path.is_file():
        raise BadInput(f"{run.folder} has not been measured: {again} does it")
    check_measures(run, metrics)
    try:
        with run.measured_path.open("rb") as file, np.load(file, allow_pickle=False) as saved:
            version, sha256, nll = int(saved["format"]), str(saved["images_sha256"]), saved["nll_nats"]
    except Exception as error:  # damaged files make zipfile and numpy raise almost anything
        raise BadInput(f"{run.measured_path} is damaged: {again} writes it again") from error
    if version > IMAGES_FORMAT:
        raise BadInput(
            f"{run.measured_path} has format {version}; this freyvae reads up to {IMAGES_FORMAT}: update freyvae"
        )
    of_another = sha256 != metrics.get("images_sha256") or nll.shape != (metrics["images"],)
    # the mean tells apart what versions before 0.2 left, which kept no hash
    of_another = of_another or not np.isclose(nll.mean(), metrics["nll_nats"], rtol=1e-6)
    if of_another or not run.is_unchanged(run.measured_path):
        raise BadInput(f"{run.measured_path} is of another measurement than {run.metrics_path}: {again} mends it")
    return metrics, nll
