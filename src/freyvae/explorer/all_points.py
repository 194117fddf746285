"""Every image of a run as a point on the plane, for a served page that holds but a sample of them.

The points are kept in `explorer/points.bin`: a line of JSON, filled up with spaces to a multiple of four bytes; then,
one after the other and little-endian, `numbers`, int32 (point,), the places of each view, float32 (point, 2), and the
bytes of each column, uint8 (point,). The points are in a random order, so that none of their groups is drawn over
another, and the first of them are a sample. `web/cloud/read.js` reads it.
"""

import hashlib
import json
import math
import threading
from collections.abc import Callable, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from freyvae.data.labels import split_column
from freyvae.data.pixels import blocks, evenly_spaced, part_of
from freyvae.errors import BadInput, few_words
from freyvae.explorer.bundle import Bundle
from freyvae.explorer.groups import read_groups
from freyvae.explorer.page import read_bundle
from freyvae.explorer.projection import read_projection, within_plane
from freyvae.explorer.scores import read_scores
from freyvae.explorer.service import BYTES, Answer, Opened, Query, Service, numbers_of, refusal
from freyvae.files import replacing, sha256_of
from freyvae.run import Run

FORMAT = 1
MOST_POINTS = 1_000_000
MOST_PICTURES = 600  # of one request
MOST_BYTES_OF_PICTURES = 2**26
_MOST_HEADER_BYTES = 2**16


class AllPoints(Service):
    """Places the images in the background, and then answers with the file; until then, with how far it is.

    Where the page is written again meanwhile, as with groups that a command has found, they are placed for the new one.

    Args:
        opened: the run.
        bundle: of its page.
    """

    name, path = "points", "/explorer/points.bin"

    def __init__(self, opened: Opened, bundle: Bundle):
        self._opened = opened
        self._answering = threading.Lock()
        self._is_closed = threading.Event()
        self._page = _stamp(opened.run.explorer_path)
        self._begin(bundle)

    def _begin(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._done, self._total = 0, min(bundle.header["sampleOf"] or bundle.header["images"], MOST_POINTS)
        self._error: BadInput | None = None
        self._key = key_of(self._opened.run, bundle)
        self._is_ready = is_of(self.file, self._key)
        self._thread = threading.Thread(target=self._write, daemon=True)
        if not self._is_ready:
            self._thread.start()

    @property
    def file(self) -> Path:
        """Where the points are kept."""
        return self._opened.run.points_path

    def answer(self, query: Query) -> Answer:
        """The file; or 202 and how many of how many images have a place; or 409 and why there are no points."""
        page = self._opened.run.explorer_path
        with self._answering:
            if not self._is_closed.is_set() and (now := _stamp(page)) != self._page:
                self.close()
                self._is_closed.clear()
                self._opened.forget()
                self._page = now
                try:
                    self._begin(read_bundle(page))
                except BadInput as error:
                    self._is_ready, self._error = False, error
        if self._is_ready:
            return Answer(self.file)
        if self._error is not None:
            return refusal(self._error, HTTPStatus.CONFLICT)
        said = json.dumps({"done": self._done, "total": self._total})
        return Answer(said.encode(), "application/json", HTTPStatus.ACCEPTED)

    def close(self) -> None:
        """End the encoding after its block."""
        self._is_closed.set()
        if self._thread.is_alive():
            self._thread.join()

    def _write(self) -> None:
        try:
            self._is_ready = write_points(self._opened, self._bundle, self._key, on_block=self._on_block)
        except BadInput as error:
            self._error = error
        except Exception as error:  # memory has run out, say: the page waits for an answer
            self._error = BadInput(f"the images can't be placed: {few_words(error)}")

    def _on_block(self, done: int) -> bool:
        self._done = done
        return not self._is_closed.is_set()


class Pictures(Service):
    """Answers with the pixels of images of the run, uint8 (image, height, width, channel), by their numbers from 0."""

    name, path = "pictures", "/explorer/pictures"

    def __init__(self, opened: Opened):
        self._opened = opened

    def answer(self, query: Query) -> Answer:
        """The images of the field `numbers`; 400 where there are no such; 409 where the data is gone, or others now."""
        try:
            numbers = np.array(numbers_of(query, "numbers", most=MOST_PICTURES)).astype(np.int64)
        except BadInput as error:
            return refusal(error)
        try:
            with self._opened.lock:
                images = self._opened.data.images.images
                if numbers.min() < 0 or numbers.max() >= len(images):
                    return refusal(f"there are {len(images):,} images")
                if len(numbers) * math.prod(images.shape[1:]) > MOST_BYTES_OF_PICTURES:
                    return refusal(
                        f"more than {MOST_BYTES_OF_PICTURES // 2**20} MiB of pixels: ask for fewer at a time"
                    )
                return Answer(np.ascontiguousarray(images[numbers]).tobytes(), BYTES)
        except BadInput as error:
            return refusal(error, HTTPStatus.CONFLICT)


def is_sample(bundle: Bundle) -> bool:
    """Whether a page holds the codes of some of its run's images only."""
    header = bundle.header
    return bool(header["sampleOf"]) or header["points"] < header["images"]


def write_points(opened: Opened, bundle: Bundle, key: str, *, on_block: Callable[[int], bool]) -> bool:
    """Encode a run's images and write their places on the plane of a page, whole or not at all.

    Args:
        opened: the run.
        bundle: of the page.
        key: by which `is_of` knows the file again.
        on_block: called with the number of images that have a place; whether to go on.

    Returns:
        whether it is written.

    Raises:
        BadInput: the images are gone or others now, or the file cannot be written.
    """
    data = opened.data
    images, count = data.images, len(data.images)
    chosen = evenly_spaced(count, MOST_POINTS)
    order = np.random.default_rng(0).permutation(len(chosen))
    plane = _Plane(bundle)
    places = np.empty((len(chosen), 2), "<f4")
    for start, block in blocks(part_of(images.images, chosen)):
        if not on_block(start):
            return False
        with opened.lock:
            codes = opened.vae.encode(block)
        places[start : start + len(block)] = plane.places(codes, chosen[start : start + len(block)] / max(count - 1, 1))
    views = {plane.view: places}
    projection = read_projection(opened.run, count)
    if bundle.header["map"] and projection is not None:
        views["map"] = within_plane(projection.points)[chosen].astype("<f4")
    parts = np.zeros(count, np.uint8)
    parts[data.split.validation], parts[data.split.test] = 1, 2
    columns = {"parts": parts[chosen]}
    if images.labels is not None and bundle.header["labels"]:
        columns["labels"] = _numbered(images.labels, chosen, bundle.header["labels"])
    groups = read_groups(opened.run, count)
    if groups is not None and bundle.header["groups"]:
        columns["groups"] = groups.at_most(len(bundle.header["groups"])).numbers[chosen]
    scores = read_scores(opened.run, count)
    if scores is not None and bundle.header["score"]:
        columns["scores"] = (256 * scores.shares[chosen]).astype(np.uint8)
    numbers = {"numbers": chosen.astype("<i4")}
    arrays = [array[order].tobytes() for array in (*numbers.values(), *views.values(), *columns.values())]
    header = {
        "format": FORMAT,
        "images": count,
        "points": len(chosen),
        "views": [*views],
        "columns": [*columns],
        "key": key,
        "sha256": _digest(arrays),
    }
    line = json.dumps(header).encode()
    with replacing(opened.run.points_path) as temporary, temporary.open("wb") as file:
        file.writelines([line, b" " * (-(len(line) + 1) % 4), b"\n", *arrays])
    return True


def key_of(run: Run, bundle: Bundle) -> str:
    """What the points of a page are made of: another model, plane, map or other images have another key."""
    plane = bundle.blobs.get("plane", json.dumps(bundle.header["latents"]).encode())
    labels = split_column(run.recipe.data.labels)[0] if run.recipe.data.labels else None
    parts = (run.model_path, run.projection_path, run.groups_path, run.scores_path, labels)
    files = [sha256_of(path) if path is not None and path.is_file() else "" for path in parts]
    about = [
        run.training.data_sha256,
        bundle.header["labels"],
        bundle.header["groups"],
        bundle.header["score"],
        *(hashlib.sha256(blob).hexdigest() for blob in (plane, bundle.blobs["parts"], bundle.blobs.get("labels", b""))),
        *files,
    ]
    return hashlib.sha256(json.dumps(about).encode()).hexdigest()


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """What changes when a file is written again."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def is_of(path: Path, key: str) -> bool:
    """Whether there is an undamaged file of points with this key."""
    if path.is_symlink() or not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            header = json.loads(file.readline(_MOST_HEADER_BYTES))
            known = header["format"], header["key"], header["sha256"]
            return known == (FORMAT, key, _digest(iter(lambda: file.read(2**20), b"")))
    except (OSError, ValueError, KeyError, TypeError):
        return False


class _Plane:
    """The plane of a page: where on it codes are."""

    def __init__(self, bundle: Bundle):
        latents = bundle.header["latents"]
        self.view = "latents" if bundle.header["plane"] is None else "principal"
        if self.view == "principal":
            rows = np.frombuffer(bundle.blobs["plane"], "<f4").reshape(-1, latents["count"])
            self._middle, self._rows = rows[0], rows[1:3]
        else:
            self._middle = np.zeros(latents["count"], np.float32)
            self._rows = np.eye(latents["count"], dtype=np.float32)[latents["axes"]] / latents["unit"]

    def places(self, codes: npt.NDArray[np.float32], order: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
        """The places of codes (image, latent), (image, 2): of one latent, the second is the order, 0 to 1."""
        along = (codes - self._middle) @ self._rows.T
        return along if along.shape[1] == 2 else np.stack([along[:, 0], order], axis=1).astype(np.float32)


def _numbered(labels: Sequence[str], chosen: npt.NDArray[np.int64], names: Sequence[str]) -> npt.NDArray[np.uint8]:
    """The place of each chosen image's label among names, the last of which stands for those that have none."""
    places = {name: place for place, name in enumerate(names)}
    return np.fromiter(
        (places.get(labels[number], len(names) - 1) for number in chosen.tolist()), np.uint8, len(chosen)
    )


def _digest(parts: Any) -> str:
    found = hashlib.sha256()
    for part in parts:
        found.update(part)
    return found.hexdigest()
