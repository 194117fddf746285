"""A run's images as one table: codes, a map, neighbours, labels and the pictures, as embedding-atlas opens it."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from freyvae.codes import beside, names_of_latents
from freyvae.collection.encoded import encoded_run
from freyvae.explorer.projection import read_projection
from freyvae.exports.format import ExportFormat
from freyvae.files import replacing
from freyvae.metrics.nearest import nearest
from freyvae.metrics.projection import pca
from freyvae.mosaic import in_colour
from freyvae.run import Run
from freyvae.table_file import as_utf8

NEIGHBOURS = 15
ROWS_AT_ONCE = 1000


@dataclass(frozen=True)
class Parquet(ExportFormat):
    """`codes.parquet`, a row for each image of the run."""

    name = "parquet"
    module, extra = "pyarrow", "parquet"

    def write(self, run: Run, out: Path | None) -> list[Path]:
        """As `ExportFormat.write`."""
        path = self.folder(run, out) / "codes.parquet"
        run.check_outputs(path)
        _write(run, path)
        return [path]


def _write(run: Run, path: Path) -> None:
    """Write a row for each image of a run, in blocks.

    Columns: `file`, `part` (training, validation or test), `label` where there are any, `x` and `y` (those of `freyvae
    project`, otherwise principal components), `neighbors` (`ids`, which are rows from 0, and `distances`), `image`
    (`bytes`, a PNG, and `path`), and a column a latent by its name.

    Raises:
        BadInput: the run's images are gone or others, or the file cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    found = encoded_run(run, run.load_model())
    kept = read_projection(run, len(found))
    points = pca(found.posteriors).points if kept is None else kept.points
    which, how_far = nearest(found.posteriors, found.posteriors, min(NEIGHBOURS, len(found) - 1), others_only=True)
    others = ("file", "part", "label", "x", "y", "neighbors", "image")
    latents = beside(others, names_of_latents(found.posteriors.means.shape[1], run.recipe.latent_names))
    fields = [
        pa.field("file", pa.string()),
        *(pa.field(name, pa.string()) for name in found.known),
        pa.field("x", pa.float32()),
        pa.field("y", pa.float32()),
        pa.field("neighbors", pa.struct({"ids": pa.list_(pa.int64()), "distances": pa.list_(pa.float64())})),
        pa.field("image", pa.struct({"bytes": pa.binary(), "path": pa.string()})),
        *(pa.field(name, pa.float32()) for name in latents),
    ]

    def rows(block: slice) -> dict[str, list[Any]]:
        neighbours = zip(which[block].tolist(), how_far[block].tolist(), strict=True)
        names = [as_utf8(name) for name in found.names[block]]
        pictures = zip(found.images[block], names, strict=True)
        return {
            "file": names,
            **{name: [as_utf8(value) for value in values[block]] for name, values in found.known.items()},
            "x": points[block, 0].tolist(),
            "y": points[block, 1].tolist(),
            "neighbors": [{"ids": ids, "distances": distances} for ids, distances in neighbours],
            "image": [{"bytes": _png(image), "path": name} for image, name in pictures],
            **{name: found.posteriors.means[block, place].tolist() for place, name in enumerate(latents)},
        }

    schema = pa.schema(fields)
    with replacing(path) as temporary, pq.ParquetWriter(temporary, schema) as writer:
        for start in range(0, len(found), ROWS_AT_ONCE):
            writer.write_table(pa.table(rows(slice(start, start + ROWS_AT_ONCE)), schema=schema))


def _png(image: np.ndarray) -> bytes:
    content = io.BytesIO()
    Image.fromarray(in_colour(image[None])[0]).save(content, format="PNG")
    return content.getvalue()
