"""The pictures that are most like others, by their codes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from freyvae.arguments import function, one_of, whole
from freyvae.collection.encoded import Encoded, encoded, encoded_run
from freyvae.console import Progress, checked_progress, silence
from freyvae.data import numbered
from freyvae.data.pixels import BYTES_AT_ONCE
from freyvae.errors import BadInput
from freyvae.files import as_path
from freyvae.inference.images import images_for
from freyvae.metrics.nearest import DEFAULT, DISTANCES, nearest
from freyvae.reporting.pictures import save_figure
from freyvae.reporting.pictures.contact_sheet import contact_sheet
from freyvae.run import Run, check_output, opened
from freyvae.table_file import require_csv, write_table

MOST_DRAWN = 24  # queries of one picture


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The nearest pictures to each query, the nearest first.

    Attributes:
        by: the distance, a name of `freyvae.metrics.nearest.DISTANCES`.
        queries: the names of the queries.
        names: of all the pictures among which the neighbours were sought.
        indices: of the neighbours among these, int64 (query, count).
        distances: float64 (query, count), in the unit of the distance.
        precision: where both have labels, the share of neighbours that have the query's label, of those that could: a
            query whose label only three others have is asked for three. None without labels.
        chance: what pictures picked at random would have.
        path: of the table.
    """

    by: str
    queries: Sequence[str]
    names: Sequence[str]
    indices: np.ndarray
    distances: np.ndarray
    precision: float | None = field(default=None, metadata={"unit": "share"})
    chance: float | None = field(default=None, metadata={"unit": "share"})
    path: Path = Path("neighbours.csv")


def neighbours(
    run: Run | str | Path,
    query: str | Path,
    *,
    among: str | Path | None = None,
    count: int = 12,
    by: str = DEFAULT,
    levels: str | None = None,
    labels: str | None = None,
    out: str | Path = "neighbours.csv",
    picture: str | Path | None = None,
    progress: bool | Progress = False,
    say: Callable[[str], None] | None = None,
) -> Neighbours:
    """Find the pictures that are most like others, by the posteriors of their codes.

    Every distance is computed, in blocks, so that memory does not grow with queries times pictures. A picture that is
    itself among those it is compared with comes first, at distance 0; but if all are compared with all, none is its own
    neighbour.

    Args:
        run: a finished run, or its folder.
        query: a picture, or a folder or file of pictures, as `load_images` takes it; fitted to the run's size.
        among: the pictures to search, likewise; by default the run's own, training and held-out.
        count: how many neighbours of each query.
        by: the distance. `angle` is that between posterior means in deviations of the aggregate posterior, in degrees,
            seen from a point one deviation off; `scaled` and `means` are Euclidean; `wasserstein`, `kullback-leibler`
            (there and back) and `bhattacharyya` are of the whole posteriors.
        levels: stored values that become black and white, `LOW:HIGH` or `auto`; by default the run's.
        labels: a table of the queries' labels; by default their sub-folders.
        out: a .csv file, a row a neighbour, its SHA-256 in a file beside it.
        picture: a .png file: a row a query, with its neighbours after it; of more than 24 queries, the first.
        progress: told how far reading is; True draws a bar on stderr, if that is a terminal.
        say: told what there is to say of the images, each a line.

    Returns:
        what was found.

    Raises:
        BadInput: there is no such run or it is not finished, images cannot be read or do not fit, there are fewer
            pictures than `count`, or a file cannot be written.
    """
    out, picture = as_path("out", out), None if picture is None else as_path("picture", picture)
    count, by = whole("count", count, at_least=1), one_of("by", by, DISTANCES)
    say, progress = silence if say is None else function("say", say), checked_progress(progress)
    require_csv(out, "neighbours")
    read = as_path("query", query), None if among is None else as_path("among", among), labels
    for path in filter(None, (out, picture)):
        check_output(path, *read)
    if picture is not None and picture.suffix != ".png":
        raise BadInput(f"picture must end in .png, not be {picture.name}")
    run = opened(run, out, picture)
    vae = run.load_model()
    asked = encoded(vae, images_for(run, vae, query, levels=levels, labels=labels, progress=progress, say=say))
    if among is None:
        searched = encoded_run(run, vae)
    else:
        searched = encoded(vae, images_for(run, vae, among, levels=levels, progress=progress, say=say))
    are_same = asked.images.shape == searched.images.shape and asked.fingerprint == searched.fingerprint
    most = len(searched) - are_same
    if count > most:
        raise BadInput(f"count must be at most {most}, the number of {'other ' * are_same}pictures, not {count}")
    indices, distances = nearest(asked.posteriors, searched.posteriors, count, by=by, others_only=are_same)
    precision, chance = _precision(asked, searched, indices, others_only=are_same)
    _write(out, asked, searched, indices, distances)
    if picture is not None:
        drawn = slice(0, MOST_DRAWN)
        rows = [[asked.images[row], *searched.images[found]] for row, found in enumerate(indices[drawn])]
        figure = contact_sheet(
            np.array(rows),
            title="Neighbours",
            subtitle="each row: a picture, and those nearest to it by code, the nearest first",
        )
        save_figure(figure, picture)
    return Neighbours(by, asked.names, searched.names, indices, distances, precision, chance, out)


def _write(path: Path, asked: Encoded, searched: Encoded, indices: np.ndarray, distances: np.ndarray) -> None:
    more = searched.known
    rows = (
        [asked.names[row], place, searched.names[index], distance, *(values[index] for values in more.values())]
        for row in range(len(indices))
        for place, (index, distance) in enumerate(zip(indices[row].tolist(), distances[row].tolist(), strict=True), 1)
    )
    write_table(path, ["query", "rank", "file", "distance", *more], rows)


def _itself(asked: Encoded, searched: Encoded, indices: np.ndarray) -> np.ndarray:
    """Which neighbours are the query's own picture, pixel by pixel, bool (query, rank): the nearest ones."""
    itself = np.zeros(indices.shape, bool)
    left = np.arange(len(indices))
    for rank in range(indices.shape[1]):
        for some in np.array_split(left, max(1, len(left) * asked.images[0].nbytes // BYTES_AT_ONCE)):
            pairs = asked.images[some], searched.images[indices[some, rank]]
            itself[some, rank] = np.equal(*pairs).all(axis=(1, 2, 3))
        left = left[itself[left, rank]]
        if not len(left):
            break
    return itself


def _precision(
    asked: Encoded, searched: Encoded, indices: np.ndarray, *, others_only: bool
) -> tuple[float | None, float | None]:
    """The share of neighbours that have the query's label, and what it would be by chance, itself left out."""
    own, other = asked.labels, searched.labels
    if others_only:  # either's labels are both's
        own, other = own or other, own or other
    if own is None or other is None:
        return None, None
    _, numbers = numbered((*own, *other))
    own_numbers, others = numbers[: len(own)], numbers[len(own) :]
    itself = np.zeros(indices.shape, bool) if others_only else _itself(asked, searched, indices)
    is_right = others[indices] == own_numbers[:, None]
    there = (
        np.bincount(others, minlength=numbers.max() + 1)[own_numbers] - others_only - (itself & is_right).sum(axis=1)
    )
    ranks, among = indices.shape[1] - itself.sum(axis=1), len(others) - others_only - itself.sum(axis=1)
    could = np.minimum(there, ranks)
    asked_for = could > 0
    if not asked_for.any():
        return None, None
    right = (is_right & ~itself).sum(axis=1)
    by_chance = there[asked_for] * ranks[asked_for] / among[asked_for]
    return float((right[asked_for] / could[asked_for]).mean()), float((by_chance / could[asked_for]).mean())
