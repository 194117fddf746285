"""How does a table look in Markdown?"""

from collections.abc import Sequence


def markdown_table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, words: int = 1) -> str:
    """A table whose first columns, so many as `words`, are read; the others are numbers, and stand at the right."""
    rule = [":---" if number < words else "---:" for number in range(len(heads))]
    return "\n".join(f"| {' | '.join(row)} |" for row in [heads, rule, *rows])


def number(value: float | None, digits: int = 2) -> str:
    """A number with so many decimals; nothing where there is none."""
    return "" if value is None else f"{value:,.{digits}f}"


def absent(name: str, reason: str, columns: int) -> list[str]:
    """The row of who could not take part, and why."""
    return [name, f"absent: {reason}", *[""] * (columns - 2)]
