"""Decodes picture files: here, or in several processes at once."""

import pickle
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from freyvae.cores import cores
from freyvae.data.levels import Range, Survey
from freyvae.data.picture_file import Unreadable, pillow_warnings, read_picture
from freyvae.data.pixels import Images
from freyvae.errors import NotNow

# fewer pictures are decoded here: other processes take a third of a second to start
FEWEST_FOR_PROCESSES = 2000
# at most so many pictures, and about so many bytes of decoded ones, go to a process at once
PICTURES_AT_ONCE, BYTES_AT_ONCE = 256, 2**24
_PROGRAM = f"from {__name__} import serve; serve()"


@dataclass(frozen=True)
class Decoding:
    """What is to become of the pictures in a folder.

    Attributes:
        folder: where they are.
        name: of the set in an error.
        levels: as `parse_levels` returns it.
        size: (height, width) of the images, or None.
        grey: turn colour into grey.
        rules: of kinds of values whose rule follows from the whole set, once that was seen.
    """

    folder: Path
    name: str
    levels: Range | str | None
    size: tuple[int, int] | None
    grey: bool
    rules: Mapping[str, Range] = field(default_factory=dict)


class Decoded(NamedTuple):
    """One picture.

    Attributes:
        file: its name.
        shape: (height, width) as it is stored, turned the right way up.
        kind: of its values.
        has_own_rule: as `Stored.has_own_rule`.
        has_more: whether further pages or frames follow in the file.
        image: uint8 (height, width, 1 or 3); None where the rule for its values is not known yet.
    """

    file: str
    shape: tuple[int, int]
    kind: str
    has_own_rule: bool
    has_more: bool
    image: Images | None


class Unread(NamedTuple):
    """A picture that can't be read, and why."""

    file: str
    reason: str


class Answer(NamedTuple):
    """What there is to say of some pictures: each in its place, and a survey of their values."""

    pictures: list[Decoded | Unread]
    survey: Survey


def decode(work: Decoding, files: Sequence[str]) -> Answer:
    """Decode pictures. Raises `BadInput` where the values of one can have no rule."""
    survey = Survey(work.name, work.levels)
    with pillow_warnings():
        return Answer([_decoded(work, file, survey) for file in files], survey)


def _decoded(work: Decoding, file: str, survey: Survey) -> Decoded | Unread:
    try:
        stored = read_picture(work.folder / file)
    except Unreadable as reason:
        return Unread(file, str(reason))
    height, width = stored.values.shape[:2]
    rule, image = survey.tell_at_once(stored.kind), None
    if rule is not None:
        survey.count(stored.values, stored.kind)
    elif stored.kind in work.rules:
        rule = work.rules[stored.kind]
    else:
        survey.see(stored.values, stored.kind)
    if rule is not None:
        image = stored.to_image(rule, asked=work.levels is not None, size=work.size, grey=work.grey)
    return Decoded(file, (height, width), stored.kind, stored.has_own_rule, stored.has_more, image)


@contextmanager
def decoding(work: Decoding, files: Sequence[str], *, image_bytes: int) -> Iterator[Iterator[Answer]]:
    """Decode pictures in their order, some at a time, on all cores where there are many. Raises as `decode` does.

    Args:
        work: what is to become of them.
        files: which ones.
        image_bytes: about how many bytes a decoded one has.
    """
    step = max(1, min(PICTURES_AT_ONCE, BYTES_AT_ONCE // max(1, image_bytes)))
    some = [files[start : start + step] for start in range(0, len(files), step)]
    processes = cores()
    if len(files) < FEWEST_FOR_PROCESSES or processes == 1:
        yield (decode(work, part) for part in some)
        return
    with ExitStack() as stack:
        workers = [stack.enter_context(_Worker()) for _ in range(min(processes, len(some)))]
        threads = ThreadPoolExecutor(len(workers))
        stack.callback(_stop, threads, workers)
        yield _in_order(workers, threads, work, some)


def _stop(threads: ThreadPoolExecutor, workers: "Sequence[_Worker]") -> None:
    """End at once, whatever was asked for: where it is all answered, nothing is lost by it."""
    threads.shutdown(wait=False, cancel_futures=True)
    for worker in workers:
        worker.kill()
    threads.shutdown()


def _in_order(
    workers: "list[_Worker]", threads: ThreadPoolExecutor, work: Decoding, some: list[Sequence[str]]
) -> Iterator[Answer]:
    """The answers in order, each worker having two pieces of work before it at most."""
    free = deque(workers)

    def ask(part: Sequence[str]) -> Answer:
        worker = free.popleft()
        try:
            return worker.ask(work, part)
        finally:
            free.append(worker)

    waiting: deque[Future[Answer]] = deque()
    for part in some:
        waiting.append(threads.submit(ask, part))
        if len(waiting) > 2 * len(workers):
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


class _Worker:
    """Another process that decodes. It ends when this one does."""

    def __enter__(self) -> "_Worker":
        # not by multiprocessing: a person's script need not guard its main module, and no thread of ours is copied
        # -P: a folder of pictures may hold a numpy.py, which is no module of ours
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def kill(self) -> None:
        self._process.kill()

    def ask(self, work: Decoding, files: Sequence[str]) -> Answer:
        try:
            pickle.dump((work, files), self._process.stdin, protocol=5)  # type: ignore[arg-type]
            self._process.stdin.flush()  # type: ignore[union-attr]
            answer = pickle.load(self._process.stdout)  # type: ignore[arg-type]
        except (OSError, EOFError, pickle.UnpicklingError):
            code = self._process.poll()
            raise NotNow(
                f"{work.name}: a process that decoded {len(files)} pictures from {files[0]} on ended"
                f"{'' if code is None else f' ({code})'}: memory may be short; close other programs, and start again"
            ) from None
        if isinstance(answer, BaseException):
            raise answer
        return answer  # type: ignore[no-any-return]


def serve() -> None:
    """Take work from standard input and answer to standard output, until the other end is closed."""
    taken, given = sys.stdin.buffer, sys.stdout.buffer
    while True:
        try:
            work, files = pickle.load(taken)
        except EOFError:
            return
        answer: Any
        try:
            answer = decode(work, files)
        except BaseException as error:
            answer = error
        pickle.dump(answer, given, protocol=5)
        given.flush()
