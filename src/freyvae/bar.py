"""How a bar of progress is drawn: what is done, of how much, and how long it takes, in any width."""

from collections.abc import Iterable

from rich import progress
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import ControlType, Segment
from rich.text import Text

WIDEST = 40  # columns of the bar


class Display(progress.Progress):
    """A bar with the share and the time, and below it the words, folded where they are longer than a line."""

    def __init__(self, *, console: Console, transient: bool):
        super().__init__(
            progress.BarColumn(
                bar_width=min(WIDEST, max(10, console.width - 40)), complete_style="blue", finished_style="green"
            ),
            progress.TaskProgressColumn(text_format="{task.percentage:>3.0f}%"),
            _Time(),
            console=console,
            transient=transient,
        )

    def get_renderables(self) -> Iterable[RenderableType]:
        """The bar, and the words."""
        yield self.make_tasks_table(self.tasks)
        for task in self.tasks:
            yield Text(task.description)

    @staticmethod
    def raw(text: str) -> "Raw":
        """Characters that go to the terminal as they are, and take no room in its lines."""
        return Raw(text)


class Raw:
    """Control characters for `rich.console.Console.print`."""

    def __init__(self, text: str):
        self._text = text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The characters as one segment that is no text."""
        yield Segment(self._text, None, [(ControlType.BELL,)])


class _Time(progress.ProgressColumn):
    """How long is left, or where that is not known how long it has taken."""

    def render(self, task: progress.Task) -> Text:
        """In words: `12 s`, `3 min 5 s`, `2 h 10 min`."""
        if task.finished:
            return Text(f"{_in_words(task.finished_time or 0.0)} in all", style="dim")
        if task.time_remaining is not None and task.completed:
            return Text(f"{_in_words(task.time_remaining)} left")
        return Text(f"{_in_words(task.elapsed or 0.0)} so far", style="dim")


def _in_words(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
