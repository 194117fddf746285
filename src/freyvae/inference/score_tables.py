"""Scores of pictures as tables and sentences, for the terminal."""

from freyvae.console import printable
from freyvae.evaluation.oddness import SCORES
from freyvae.inference.score import Scores, Threshold
from freyvae.metrics.detection import Estimate
from freyvae.reporting.tables import Table

MOST_LISTED = 10


def scored(scores: Scores) -> list[Table]:
    """The oddest pictures, and with labels how well each score tells odd ones."""
    return [_oddest(scores), *_detections(scores)]


def scored_sentences(scores: Scores) -> list[str]:
    """What the scores are compared with, and with a threshold how many pictures are out."""
    record = scores.record
    sentences = [
        f"Percentiles are those of {record.by} among {record.compared_with_images} {record.compared_with} pictures of "
        "the run."
    ]
    if record.threshold is not None:
        sentences.append(_out(record.threshold, record.images))
    return sentences


def _oddest(scores: Scores) -> Table:
    columns = [name for name in ("percentile", *SCORES.values()) if name in scores.columns]
    rows = [
        (printable(scores.files[place]), *(f"{scores.columns[name][place]:.2f}" for name in columns))
        for place in scores.oddest(MOST_LISTED)
    ]
    return Table(
        title=f"The oddest of {scores.record.images} pictures, by {scores.record.by}",
        columns=("file", *(name.replace("_", " ") for name in columns)),
        rows=tuple(rows),
        note="Larger is odder. Oddness is the largest of corrected, novelty and local, each of which is 1 at its own "
        "95th percentile of held-out pictures.",
    )


def _detections(scores: Scores) -> list[Table]:
    record = scores.record
    if record.detection is None:
        return []
    return [
        Table(
            title=f"How well {record.odd_images} odd pictures are told from {record.images - (record.odd_images or 0)}",
            columns=("score", "area under the ROC curve", "average precision"),
            rows=tuple(
                (name.replace("_", " "), _interval(found.area_under_roc), _interval(found.average_precision))
                for name, found in record.detection.items()
            ),
            strong=tuple(n for n, name in enumerate(record.detection) if name == SCORES[record.by]),
            note="With 95 % confidence intervals; 0.5 of the area, and of the precision the share of odd pictures, are "
            "chance.",
        )
    ]


def _out(threshold: Threshold, images: int) -> str:
    said = f"{threshold.out} of {images} pictures are out at the threshold {threshold.level:g}."
    found = threshold.false_positives
    if found is None:
        return said
    return (
        f"{said} Of {threshold.false_positives_of} held-out pictures that it was not chosen on, "
        f"{100 * found.value:.1f} % are ({100 * found.low:.1f} to {100 * found.high:.1f}, 95 % confidence), where "
        f"{100 * (1 - threshold.level):.3g} % should be."
    )


def _interval(found: Estimate) -> str:
    return f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]"
