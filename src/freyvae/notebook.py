"""What a notebook shows of an object: its name, a sentence, its figures with their units, its pictures."""

import base64
import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# colours of the notebook, so that it fits whatever theme it has
_STYLE = {
    "card": "max-width:56rem;font-size:.875rem;line-height:1.5",
    "title": "font-size:1.05rem;font-weight:650",
    "quiet": "opacity:.7",
    "table": "border-collapse:collapse;margin:.5rem 0;color:inherit;font-size:inherit",
    "name": "text-align:left;font-weight:400;padding:.15rem 1.5rem .15rem 0;vertical-align:top",
    "value": "text-align:left;padding:.15rem 0;font-variant-numeric:tabular-nums",
    "picture": "max-width:100%;height:auto;background:#fff;margin:.5rem 1rem 0 0;vertical-align:top",
}


@dataclass(frozen=True)
class Drawn:
    """A PNG at half its pixels, where it is sharp on any screen.

    Attributes:
        content: the file's.
        width: pixels on the page.
        alt: what it shows.
    """

    content: bytes
    width: int
    alt: str


def card(
    title: str, said: Iterable[str] = (), rows: Sequence[tuple[str, str]] = (), drawn: Iterable[Drawn] = ()
) -> str:
    """HTML for a notebook. All is plain text, and escaped.

    Args:
        title: what it is.
        said: sentences below the title.
        rows: names and values.
        drawn: pictures.
    """
    parts = [f'<div style="{_STYLE["title"]}">{html.escape(title)}</div>']
    parts += [f'<div style="{_STYLE["quiet"]}">{html.escape(sentence)}</div>' for sentence in said]
    if rows:
        cells = "".join(
            f'<tr style="background:none"><th scope="row" style="{_STYLE["name"]}">{html.escape(name)}</th>'
            f'<td style="{_STYLE["value"]}">{html.escape(value)}</td></tr>'
            for name, value in rows
        )
        parts.append(f'<table style="{_STYLE["table"]}"><tbody>{cells}</tbody></table>')
    parts += map(picture, drawn)
    return f'<div class="freyvae-card" style="{_STYLE["card"]}">{"".join(parts)}</div>'


def picture(drawn: Drawn) -> str:
    """HTML of a picture."""
    source = f"data:image/png;base64,{base64.b64encode(drawn.content).decode()}"
    return f'<img src="{source}" width="{drawn.width}" alt="{html.escape(drawn.alt)}" style="{_STYLE["picture"]}">'
