"""How odd are a person's pictures to a run's model: a table with a row a picture, and what it is worth."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from msgspec import Meta

from freyvae.arguments import as_float, function, in_words, one_of, several, text, whole
from freyvae.choice import LARGEST_SEED
from freyvae.console import Progress, checked_progress, printable, silence
from freyvae.data import ImageSet, pixels_sha256
from freyvae.data.pixels import Images, Pixels, part_of
from freyvae.errors import BadInput
from freyvae.evaluation import load_measured_data
from freyvae.evaluation.oddness import CODECS, FEWEST, MOST_HELD_OUT, SCORES, Oddness, joined
from freyvae.explorer.page import keep_if_free
from freyvae.explorer.scores import SCORES_FORMAT
from freyvae.files import as_path, making_folder, write_whole
from freyvae.inference.images import images_for
from freyvae.kept_parts import Part, computed_by, keeping
from freyvae.metrics.conformal import conformal_threshold, fewest, highest_level, percentiles
from freyvae.metrics.detection import Estimate, area_under_roc, average_precision, proportion
from freyvae.metrics.image_costs import SAMPLES
from freyvae.records import to_json
from freyvae.reporting.pictures.heat_map import Usual, heat_map, save_heat_map
from freyvae.run import Run, check_output, opened
from freyvae.table_file import require_csv, write_table
from freyvae.training import TrainingData

# without `normal`, of labels that are 0 and 1 these are ordinary
_ZERO = ("0",)
# of the table, made numbers of Python
_ROWS_AT_ONCE = 10_000
# the name of none of them: it stands for all
_A_MAP = "map.png"
# of a part that is both compared with and counted on
_HALF = "every second"


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """Which pictures are out, and how often an ordinary one is.

    Attributes:
        level: the share of ordinary pictures that should not be out.
        score: a picture is out if its score is higher.
        out: number of pictures that are.
        false_positives: the share of held-out pictures that are, others than the score was chosen on.
        false_positives_of: number of these.
    """

    level: float
    score: float
    out: int
    false_positives: Estimate | None = None
    false_positives_of: int = 0


@dataclass(frozen=True, kw_only=True)
class Detection:
    """How well a score tells odd pictures, by their labels, from others.

    Attributes:
        area_under_roc: probability that an odd picture scores higher than another.
        average_precision: mean precision at the odd pictures.
    """

    area_under_roc: Estimate
    average_precision: Estimate


@dataclass(frozen=True, kw_only=True)
class ScoreRecord:
    """What `scores.json` holds: what the scores of some pictures are, and what they are worth.

    Attributes:
        data: where the pictures were from.
        images: number of them.
        images_sha256: of their pixels, as the model was shown them.
        by: the score that percentile and threshold are of.
        codec: the lossless file whose size the corrected score takes off; None where there is no such score.
        compared_with: which held-out pictures of the run the percentile is among.
        compared_with_images: number of them.
        threshold: which are out; None without one.
        odd_images: number of pictures that are odd by their labels; None without labels.
        detection: column -> how well it tells them; None without labels.
        samples: draws of each picture's latents.
        seed: of these.
    """

    data: str
    images: int
    images_sha256: str
    by: str
    codec: str | None = None
    compared_with: str
    compared_with_images: Annotated[int, Meta(title="Held-out pictures")]
    threshold: Threshold | None = None
    odd_images: int | None = None
    detection: dict[str, Detection] | None = None
    samples: int
    seed: int


@dataclass(frozen=True, eq=False)
class Scores:
    """Pictures, scored.

    Attributes:
        files: the file of each, or its number, from 0.
        columns: name -> a number for each, float64 (image,), larger is odder, as in the table.
        record: what they are, and what they are worth.
        path: the table.
    """

    files: Sequence[str]
    columns: dict[str, np.ndarray]
    record: ScoreRecord
    path: Path

    def oddest(self, count: int = 10) -> list[int]:
        """The places of the oddest pictures, the oddest first."""
        order = np.argsort(-self.columns[SCORES[self.record.by]], kind="stable")
        return [int(place) for place in order[: whole("count", count, at_least=0)]]


def score(
    run: Run | str | Path,
    data: str | Path,
    *,
    by: str = "oddness",
    threshold: float | None = None,
    labels: str | Path | None = None,
    normal: Sequence[str] = (),
    maps: str | Path | None = None,
    codec: str = "png",
    levels: str | None = None,
    samples: int = SAMPLES,
    seed: int = 0,
    out: str | Path = "scores.csv",
    progress: bool | Progress = False,
    say: Callable[[str], None] | None = None,
) -> Scores:
    """Score how odd pictures are to a run's model, compared with pictures that it was not trained on.

    Writes a table with the column `file` and numbers in all others, larger is odder, `evaluation.oddness.Oddness` says
    which; and beside it, as .json, a record of what they are and what they are worth. The scores of the run's own
    pictures, all of them in their order, are kept in its folder, in `scores.npz`, and the explorer's page, where there
    is one, is written again: it colours points and sorts images by them.

    Args:
        run: a finished run, or its folder.
        data: `frey-faces`, `synthetic-faces`, or the path of a folder or file of images; brought to the model's size.
        by: the score that percentile and threshold are of: `oddness`, `novelty`, `local`, `corrected`, `error`,
            `free-energy`, `distortion` or `rate`.
        threshold: the share of ordinary pictures that should not be out, in (0, 1): a column `is_out` says which are.
            It is calibrated on the run's validation images, and its false positives are counted on the test images.
        labels: a table with a label for each picture, as `load_images` takes it; by default the sub-folders.
        normal: the labels of ordinary pictures, all others being odd; of labels 0 and 1 by default 0. The record then
            has the area under the ROC curve and the average precision.
        maps: a new folder for a PNG a picture: beside it, what each pixel costs in bits and where it is odd.
        codec: of the lossless file that the corrected score compares with: `png`, `webp` or `jpeg-xl`.
        levels: stored values that become black and white, `LOW:HIGH` or `auto`; by default the run's.
        samples: draws of each picture's latents.
        seed: of the draws.
        out: a .csv file, its SHA-256 in a file beside it.
        progress: told how far it is; True draws bars on stderr, if that is a terminal.
        say: told what there is to say of the pictures, each a line.

    Raises:
        BadInput: there is no such run, it holds out too few images, a threshold is too high for these, the images
            cannot be read, labels are of one kind alone, an argument is out of range, or a place cannot be written.
    """
    by = one_of("by", by, SCORES)
    codec, level = one_of("codec", codec, CODECS), _checked_level(threshold)
    samples = whole("samples", samples, at_least=1)
    seed = whole("seed", seed, at_least=0, at_most=LARGEST_SEED)
    ordinary = tuple(text("normal", label) for label in several("normal", normal))
    say, progress = silence if say is None else function("say", say), checked_progress(progress)
    out, record_path, maps_path = _places(out, maps, data, labels)
    run = opened(run, out, record_path, None if maps_path is None else maps_path / _A_MAP)
    own = load_measured_data(run)
    compared_with, held_out, check = _held_out(run, own)
    vae = run.load_model()
    if by == "corrected" and not vae.pixel_likelihood.is_probability_of_bytes:
        raise BadInput(
            f'by="corrected" takes the size of a file off a number of bits, but the likelihood '
            f'{vae.pixel_likelihood.name} is no probability of bytes: choose another, such as by="oddness"'
        )
    _check_halves(compared_with, len(held_out), level)
    if level is not None:
        _check_threshold(level, len(held_out))
    images = images_for(run, vae, data, levels=levels, labels=labels, progress=progress, say=say)
    is_odd = _odd(images, ordinary, say)
    oddness = Oddness(vae, own.train, held_out, codec=codec, samples=samples, seed=seed, progress=progress)
    files = images.names
    usual = Usual(
        bits=oddness.usual_bits,
        deviations=2.0 * max(float(np.quantile(oddness.held_out["local_deviations"], 0.95)), 1.0),
    )

    def known_by() -> str:
        model = f"{computed_by(run.model_path)} {own.images.fingerprint}"
        return f"scores {model} {images.fingerprint} {codec} {samples} {seed}"

    with _maps(maps_path) as folder, keeping(out, known_by, say) as kept:

        def parts_from(done: int, before: Part | None) -> Iterator[Part]:
            noise = None if before is None else before.state
            for chunk in oddness.of(images.images, first=done, noise_before=noise, progress=progress):
                if folder is not None:
                    some = slice(done, done + len(chunk.bits))
                    pixels = images.images[some]
                    for file, *shown in zip(files[some], pixels, chunk.bits, chunk.deviations, strict=True):
                        save_heat_map(heat_map(*shown, usual=usual), folder, file)
                done += len(chunk.bits)
                yield Part(chunk.scores, chunk.noise)

        # maps are all written or none: what was interrupted has left none
        parts = kept.each(len(files), parts_from) if folder is None else parts_from(0, None)
        columns, column = joined([part.columns for part in parts]), SCORES[by]
        names = list(columns)
        columns["percentile"] = percentiles(columns[column], oddness.held_out[column])
        found = None
        if level is not None:
            found = _threshold(level, columns[column], oddness, column, check)
            columns["is_out"] = (columns[column] > found.score).astype(np.float64)
        record = ScoreRecord(
            data=printable(data),
            images=len(images.images),
            images_sha256=pixels_sha256(images.images),
            by=by,
            codec=codec if "corrected_bits" in columns else None,
            compared_with=compared_with,
            compared_with_images=len(oddness.held_out[column]),
            threshold=found,
            odd_images=None if is_odd is None else int(is_odd.sum()),
            detection=None if is_odd is None else _detections(columns, is_odd),
            samples=samples,
            seed=seed,
        )
        columns = {name: columns[name] for name in ("percentile", "is_out", *names) if name in columns}
        write_table(out, ["file", *columns], _rows(files, columns))
        write_whole(record_path, json.dumps(to_json(record), indent=2) + "\n")
    if images.fingerprint == own.images.fingerprint:
        keep_if_free(
            run,
            run.scores_path,
            what="scores",
            out=out,
            vae=vae,
            data=own,
            say=say,
            format=SCORES_FORMAT,
            by=by,
            images_sha256=images.fingerprint,
            scores=columns[column],
        )
    return Scores(files, columns, record, out)


def _rows(files: Sequence[str], columns: dict[str, np.ndarray]) -> Iterator[tuple[Any, ...]]:
    """The rows of the table."""
    cells = [values.astype(int) if name == "is_out" else values for name, values in columns.items()]
    for start in range(0, len(files), _ROWS_AT_ONCE):
        some = slice(start, start + _ROWS_AT_ONCE)
        yield from zip(files[some], *(values[some].tolist() for values in cells), strict=True)


def _checked_level(threshold: float | None) -> float | None:
    if threshold is None:
        return None
    level = as_float(threshold)
    if level is None or not 0.0 < level < 1.0:
        raise BadInput(f"threshold must be a number between 0 and 1, such as 0.99, not {in_words(threshold)}")
    return level


def _places(
    out: str | Path, maps: str | Path | None, data: str | Path, labels: str | Path | None
) -> tuple[Path, Path, Path | None]:
    """Where table, record and maps are written. Raises `BadInput` where that would destroy something."""
    path = as_path("out", out)
    require_csv(path, "scores")
    record = path.with_suffix(".json")
    for place in (path, record):
        check_output(place, as_path("data", data), labels)
    folder = None if maps is None else as_path("maps", maps)
    if folder is not None:
        check_output(folder / _A_MAP, as_path("data", data), labels)
    if folder is not None and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInput(f"{folder} exists and is not an empty folder: choose another with maps=...")
    return path, record, folder


def _held_out(run: Run, data: TrainingData) -> tuple[str, Images | Pixels, Images | Pixels]:
    """Which held-out images are compared with, these, and others that the threshold's false positives are counted on.

    Raises `BadInput` where the run holds out none.
    """
    images, split = data.images.images, data.split
    if len(split.validation) and len(split.test):
        return "validation", part_of(images, split.validation), part_of(images, split.test)
    for name, indices in (("validation", split.validation), ("test", split.test)):
        if len(indices):
            return f"{_HALF} {name}", part_of(images, indices[::2]), part_of(images, indices[1::2])
    raise BadInput(f"{run.folder} holds out no pictures to compare with: train with validation=... above 0")


def _odd(images: ImageSet, ordinary: tuple[str, ...], say: Callable[[str], None]) -> np.ndarray | None:
    """Which images are odd by their labels, bool (image,); None without labels that say so."""
    if images.labels is None:
        if ordinary:
            raise BadInput(
                "normal=... names labels, but the pictures have none: lay them in sub-folders, or give a table with "
                "labels=..."
            )
        return None
    kinds = sorted(set(images.labels))
    named = printable(", ".join(kinds[:12])) + (", ..." if len(kinds) > 12 else "")
    if not ordinary:
        if set(kinds) - {"0", "1"}:
            say(f"note: labels are left aside: say with normal=... which are ordinary, of {named}")
            return None
        ordinary = _ZERO
    unknown = set(ordinary) - set(kinds)
    if unknown and ordinary != _ZERO:
        raise BadInput(f"no picture has the label {printable(sorted(unknown)[0])}: there are {named}")
    is_odd = ~np.isin(images.labels, ordinary)
    if is_odd.all() or not is_odd.any():
        which = "odd" if is_odd.all() else "ordinary"
        raise BadInput(f"all pictures are {which} by their labels ({named}): how well odd ones are told takes both")
    return is_odd


@contextmanager
def _maps(folder: Path | None) -> Iterator[Path | None]:
    """A folder that is there when all is written; None without one."""
    if folder is None:
        yield None
        return
    with making_folder(folder) as temporary:
        yield temporary


def _check_halves(compared_with: str, held_out: int, level: float | None) -> None:
    """Refuse too few held-out images where only half of a part are compared with. Raises `BadInput`."""
    needed = FEWEST if level is None else max(FEWEST, fewest(level))
    if compared_with.startswith(_HALF) and held_out < needed <= MOST_HELD_OUT:
        raise BadInput(
            f"only {held_out} held-out pictures to compare with, {compared_with} one, and it takes {needed}: train "
            f"with both validation=... and test=... above 0, or with one of them at least {2 * needed}"
        )


def _check_threshold(level: float, held_out: int) -> None:
    """Refuse a level that so many held-out images, or those of them that are compared with, say nothing of."""
    try:
        conformal_threshold(np.zeros(min(held_out, MOST_HELD_OUT)), level)
    except BadInput:
        if held_out <= MOST_HELD_OUT:
            raise
        raise BadInput(
            f"threshold={level:g} is too high: {MOST_HELD_OUT} of the {held_out} held-out pictures are compared with, "
            f"so give threshold={highest_level(MOST_HELD_OUT):g} or less"
        ) from None


def _threshold(level: float, scores: np.ndarray, oddness: Oddness, column: str, check: Images | Pixels) -> Threshold:
    line = conformal_threshold(oddness.held_out[column], level)
    out = int((scores > line).sum())
    if not len(check):
        return Threshold(level=level, score=line, out=out)
    beyond = int((oddness.scores_of(check)[column] > line).sum())
    return Threshold(
        level=level,
        score=line,
        out=out,
        false_positives=proportion(beyond, len(check)),
        false_positives_of=len(check),
    )


def _detections(columns: dict[str, np.ndarray], is_odd: np.ndarray) -> dict[str, Detection]:
    return {
        name: Detection(
            area_under_roc=area_under_roc(values, is_odd), average_precision=average_precision(values, is_odd)
        )
        for name, values in columns.items()
        if name in SCORES.values()
    }
