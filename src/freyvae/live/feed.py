"""What a training tells those who look on: a thread writes, others read as it comes."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, float]


@dataclass(frozen=True)
class News:
    """What is new to somebody who knows a number of rows and pictures.

    Attributes:
        rows: of the history.
        seen: rows that are known with these.
        pictures: None where they are as before.
        drawn: how often there were pictures.
        state: `waiting`, `training`, `drawing`, `done` or `stopped`, with what else there is to say.
    """

    rows: Sequence[Row]
    seen: int
    pictures: dict[str, Any] | None
    drawn: int
    state: dict[str, Any]


@dataclass
class Feed:
    """The history so far, the newest pictures, and how far it is."""

    _rows: list[Row] = field(default_factory=list)
    _pictures: dict[str, Any] | None = None
    _drawn: int = 0
    _state: dict[str, Any] = field(default_factory=lambda: {"state": "waiting"})
    _changes: int = 0
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def tell(
        self, *, rows: Sequence[Row] = (), pictures: dict[str, Any] | None = None, state: dict[str, Any] | None = None
    ) -> None:
        """Take note, and wake who waits."""
        with self._changed:
            self._rows.extend(rows)
            if pictures is not None:
                self._pictures, self._drawn = pictures, self._drawn + 1
            self._state = self._state if state is None else state
            self._changes += 1
            self._changed.notify_all()

    @property
    def state(self) -> dict[str, Any]:
        """How far the training is."""
        return self._state

    def wait(self, changes: int, seconds: float) -> int:
        """Wait until there was another change than so many, at most so long; returns how many there were."""
        with self._changed:
            self._changed.wait_for(lambda: self._changes != changes, seconds)
            return self._changes

    def news(self, seen: int, drawn: int) -> News:
        """What somebody does not know who knows so many rows, and so many pictures."""
        with self._changed:
            pictures = self._pictures if drawn != self._drawn else None
            return News(self._rows[seen:], len(self._rows), pictures, self._drawn, self._state)
