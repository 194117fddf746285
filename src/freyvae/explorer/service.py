"""What the server of a page computes for it, beside the files that it serves."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from freyvae.errors import BadInput
from freyvae.run import Run

if TYPE_CHECKING:
    from freyvae.model import VAE
    from freyvae.training import TrainingData

Query = Mapping[str, Sequence[str]]

BYTES = "application/octet-stream"
QUIET_POLICY = (
    "default-src 'none'; img-src data: 'self'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)


@dataclass(frozen=True)
class Answer:
    """What a request is answered with: bytes, or a file; what they are, and what they may do in a browser."""

    content: bytes | Path
    kind: str = BYTES
    status: HTTPStatus = HTTPStatus.OK
    policy: str = QUIET_POLICY


def refusal(reason: object, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> Answer:
    """An answer that says in a line why there is none."""
    return Answer(f"{reason}\n".encode(), "text/plain; charset=utf-8", status)


class Service(ABC):
    """Answers requests to one path.

    Attributes:
        name: what the page knows it by.
        path: that requests are to.
    """

    name: str
    path: str

    @abstractmethod
    def answer(self, query: Query) -> Answer:
        """The answer to a request. Called by several threads."""

    def close(self) -> None:
        """End what goes on in the background."""
        return


class ServiceOfBytes(Service):
    """Answers requests that bring bytes, by POST.

    Attributes:
        size: how many bytes a request brings.
    """

    size: int

    def answer(self, query: Query) -> Answer:
        """405, since nothing was brought."""
        return refusal(f"{self.path} takes {self.size} bytes, by POST", HTTPStatus.METHOD_NOT_ALLOWED)

    @abstractmethod
    def answer_to(self, content: bytes) -> Answer:
        """The answer to a request that brought this. Called by several threads."""


class Opened:
    """A run's model and images, each loaded when it is first asked for, by one thread at a time.

    Attributes:
        lock: held while the model computes, too.
    """

    def __init__(self, run: Run):
        self.run = run
        self.lock = threading.RLock()

    @property
    def vae(self) -> "VAE":
        """The model. Raises `BadInput` as `Run.load_model` does."""
        with self.lock:
            return self._vae

    @property
    def data(self) -> "TrainingData":
        """The images that the run was trained on and held out. Raises `BadInput` when they are gone, or others now."""
        with self.lock:
            return self._data

    def forget(self) -> None:
        """Have both loaded again when they are next asked for, as they are then."""
        with self.lock:
            for loaded in ("_vae", "_data"):
                self.__dict__.pop(loaded, None)

    @cached_property
    def _vae(self) -> "VAE":
        return self.run.load_model()

    @cached_property
    def _data(self) -> "TrainingData":
        from freyvae.evaluation import load_measured_data

        return load_measured_data(self.run)


def numbers_of(query: Query, name: str, *, most: int) -> list[float]:
    """The finite numbers of a field of a query, separated by commas. Raises `BadInput` where they are none, or more."""
    text = ",".join(query.get(name, ()))
    try:
        numbers = [float(part) for part in text.split(",")] if len(text) <= 32 * most else []
    except ValueError:
        numbers = []
    if not 1 <= len(numbers) <= most or not all(abs(number) < 1e9 for number in numbers):
        raise BadInput(f"{name} must be at most {most} numbers, separated by commas")
    return numbers
