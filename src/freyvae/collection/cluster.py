"""Groups of pictures, by their codes."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from freyvae.arguments import function, whole
from freyvae.collection.encoded import Encoded, encoded, encoded_run
from freyvae.console import Progress, checked_progress, silence
from freyvae.errors import BadInput
from freyvae.explorer.groups import GROUPS_FORMAT
from freyvae.explorer.page import keep_if_free
from freyvae.files import as_path
from freyvae.inference.images import images_for
from freyvae.metrics.grouping import Agreement, Mixture, agreement, mixture
from freyvae.recipe import LARGEST_SEED
from freyvae.reporting.pictures import save_figure
from freyvae.reporting.pictures.grids import grid
from freyvae.run import Run, check_output, opened
from freyvae.table_file import require_csv, write_table

DRAWN = 60  # pictures of a group
COLUMNS = 12
MOST_NAMED = 3


@dataclass(frozen=True, eq=False)
class Groups:
    """Groups of pictures, the largest first.

    Attributes:
        names: of the pictures.
        mixture: the groups.
        agreement: with the pictures' labels; None where they have none.
        path: of the table.
        pictures: of the groups, one each; empty where none were asked for.
    """

    names: Sequence[str]
    mixture: Mixture
    agreement: Agreement | None
    path: Path
    pictures: tuple[Path, ...]


def cluster(
    run: Run | str | Path,
    data: str | Path | None = None,
    *,
    count: int | None = None,
    seed: int = 0,
    levels: str | None = None,
    labels: str | None = None,
    out: str | Path = "clusters.csv",
    pictures: str | Path | None = None,
    progress: bool | Progress = False,
    say: Callable[[str], None] | None = None,
) -> Groups:
    """Divide pictures into groups, by their codes: a mixture of diagonal normals (extra `scikit-learn`).

    The groups of the run's own pictures are kept in its folder, in `groups.npz`, and the explorer's page, where there
    is one, is written again: it colours its points by them.

    Args:
        run: a finished run, or its folder.
        data: a folder or file of pictures, fitted to the run's size; by default the run's own, training and held-out.
        count: how many groups; by default as many of 1 to 64 as have the lowest Bayesian information criterion.
        seed: of the mixture's start.
        levels: stored values that become black and white, `LOW:HIGH` or `auto`; by default the run's.
        labels: for `data`: a table of labels; by default their sub-folders.
        out: a .csv file: a row a picture, its group and how probable that is; its SHA-256 in a file beside it.
        pictures: a folder for a picture of each group, `group-01.png` the largest, the most typical of it first.
        progress: told how far reading is; True draws a bar on stderr, if that is a terminal.
        say: told what there is to say of the images, each a line.

    Returns:
        what was found.

    Raises:
        BadInput: there is no such run or it is not finished, there are fewer than two pictures or fewer than `count`,
            pictures cannot be read or do not fit, the extra is not installed, or a file cannot be written.
    """
    out, pictures = as_path("out", out), None if pictures is None else as_path("pictures", pictures)
    count = None if count is None else whole("count", count, at_least=1)
    seed = whole("seed", seed, at_least=0, at_most=LARGEST_SEED)
    say, progress = silence if say is None else function("say", say), checked_progress(progress)
    require_csv(out, "groups")
    first = None if pictures is None else pictures / "group-01.png"
    for place in filter(None, (out, first)):
        check_output(place, None if data is None else as_path("data", data), labels)
    if pictures is not None and pictures.exists() and not pictures.is_dir():
        raise BadInput(f"pictures={pictures} is a file: give a folder")
    if labels is not None and data is None:
        raise BadInput("labels of the run's own pictures are a choice of its training: give data, or leave labels out")
    run = opened(run, out, first)
    vae = run.load_model()
    if data is None:
        found = encoded_run(run, vae)
    else:
        found = encoded(vae, images_for(run, vae, data, levels=levels, labels=labels, progress=progress, say=say))
    if len(found) < 2:
        raise BadInput("groups take at least two pictures, but there is one")
    if count is not None and count > len(found):
        raise BadInput(f"count must be at most {len(found)}, the number of pictures, not {count}")
    divided = mixture(found.posteriors, count, seed=seed)
    of_groups = (divided.groups + 1).tolist(), divided.probabilities.tolist()
    rows = zip(found.names, *of_groups, *found.known.values(), strict=True)
    write_table(out, ["file", "group", "probability", *found.known], rows)
    if data is None:
        keep_if_free(
            run,
            run.groups_path,
            what="groups",
            out=out,
            vae=vae,
            say=say,
            format=GROUPS_FORMAT,
            images_sha256=found.fingerprint,
            groups=np.minimum(divided.groups, 255).astype(np.uint8),  # a page has few colours: the rest are others
        )
    return Groups(
        names=found.names,
        mixture=divided,
        agreement=None if found.labels is None else agreement(divided.groups, found.labels),
        path=out,
        pictures=() if pictures is None else tuple(_draw(found, divided, pictures)),
    )


def _draw(found: Encoded, divided: Mixture, folder: Path) -> list[Path]:
    sizes = divided.sizes
    paths = []
    for group, size in enumerate(sizes):
        members = np.flatnonzero(divided.groups == group)
        shown = members[np.argsort(-divided.typical[members], kind="stable")[:DRAWN]]
        words = f"{size} of {len(found)} pictures" + (f", the {DRAWN} most typical" if size > DRAWN else "")
        if found.labels is not None:
            labels = Counter(found.labels[member] for member in members.tolist())
            words += "; " + ", ".join(f"{name} {number}" for name, number in labels.most_common(MOST_NAMED))
        path = folder / f"group-{group + 1:0{max(2, len(str(len(sizes))))}d}.png"
        save_figure(grid(found.images[shown], columns=COLUMNS, title=f"Group {group + 1}", subtitle=words), path)
        paths.append(path)
    return paths
