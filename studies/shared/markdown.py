"""Tables in Markdown."""

from collections.abc import Container, Sequence


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
