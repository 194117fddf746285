"""Tables in Markdown."""

from collections.abc import Callable, Container, Sequence
from typing import Any


def markdown_table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, words: Container[int] = (0,)) -> str:
    """A table. The columns whose numbers are in `words` hold text; the others hold numbers, aligned to the right."""
    rule = [":---" if number in words else "---:" for number in range(len(heads))]
    return "\n".join(f"| {' | '.join(row)} |" for row in [heads, rule, *rows])


def number(value: float | None, digits: int = 2) -> str:
    """A number with `digits` decimals; empty for None."""
    return "" if value is None else f"{value:,.{digits}f}"


def absent(name: str, reason: str, columns: int) -> list[str]:
    """The row of a program that could not be measured, with the reason."""
    return [name, f"absent: {reason}", *[""] * (columns - 2)]


def table_of_rows(
    heads: Sequence[str], rows: Sequence[dict[str, Any]], cells: Callable[[dict[str, Any]], list[str]], *, name: str
) -> str:
    """A table with the cells of each row, and where it could not be measured its name, by this key, and the reason."""
    lines = [absent(row[name], row["absent"], len(heads)) if row["absent"] else cells(row) for row in rows]
    return markdown_table(heads, lines)
