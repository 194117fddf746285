"""What came of a run, on one page? Self-contained HTML: no script, no request, pictures and style inside."""

import base64
import html
import math
import struct
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from freyvae.errors import BadInput
from freyvae.files import write_whole
from freyvae.tables import Table

_PAGE = Template("""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>$title</title>
<style>
$style</style>
</head>
<body>
<header>
<h1>$title</h1>
$lede$play$headline$notes</header>
<main>
$measured$pictures$numbers$reproduce</main>
<footer><p>Written by freyvae.</p></footer>
</body>
</html>
""")

# suffix of a metric's name -> its unit, as people write it; the first that fits
_UNITS = {
    "_bits_per_dim": "bits per dimension",
    "_bits_per_dim_se": "bits per dimension",
    "_nats": "nats per image",
    "_nats_se": "nats per image",
    "_grey_levels": "grey levels of 255",
    "_per_second": "per second",
    "_seconds": "seconds",
    "_bytes": "bytes",
}
_PARTS = {"val": "validation", "train": "training", "test": "test"}
_WORDS = {
    "nll": "negative log-likelihood",
    "rmse": "RMSE",
    "se": "standard error",
    "kl": "KL",
    "png": "PNG",
    "webp": "WebP",
}
_NOT_SHOWN = ("format", "seed", "versions")  # of the file, and among the facts

# what stands large at the top, of one split: what was measured, or else what training found
_HEADLINE = ("nll_bits_per_dim", "nll_nats", "rate_nats", "rmse_grey_levels")
_HEADLINE_OF_TRAINING = ("val_bits_per_dim", "val_free_energy_nats", "val_rate_nats", "val_rmse_grey_levels")
_LEDE = ("what", "data", "images", "split")


def write_report(
    folder: Path,
    *,
    title: str,
    facts: Mapping[str, str],
    metrics: Mapping[str, Any],
    pictures: Sequence[tuple[Path, str]],
    command: str,
    notes: Sequence[str] = (),
    numbers: Mapping[str, Any] | None = None,
    tables: Sequence[Table] = (),
    remarks: Sequence[str] = (),
) -> Path:
    """Write `report.html` into a run's folder, whole or not at all, and return its path.

    Args:
        folder: the run's; where it holds `explorer/index.html`, the page links there.
        title: of the page, plain text like everything else here: it is escaped.
        facts: what was trained on what, and what it takes to have it again: data, images, split, recipe, seed,
            backend, versions, data hash. Underscores in names become spaces.
        metrics: of `metrics.json`: names end in their unit. A mapping within is a group of the table.
        pictures: PNG files with their captions, in order.
        command: what to type to get this run again.
        notes: what a reader must know before believing a number; they stand above everything else.
        numbers: which of the metrics stand in the table of numbers; by default all.
        tables: of what was measured.
        remarks: sentences beneath those tables.

    Raises:
        BadInput: a picture is missing or is no PNG, or the folder cannot be written.
    """
    folder = Path(folder)
    explorer = folder / "explorer" / "index.html"
    play = '<p class="play"><a href="explorer/index.html">Play with the latents in the explorer</a></p>\n'
    page = _PAGE.substitute(
        title=_text(title),
        style=(files("freyvae") / "report.css").read_text(encoding="utf-8"),
        lede=_lede(facts),
        play=play if explorer.is_file() else "",
        headline=_headline(metrics),
        notes=_notes(notes),
        measured=_measured(tables, remarks),
        pictures=_pictures(pictures),
        numbers=_numbers(metrics if numbers is None else numbers),
        reproduce=_reproduce(command, facts),
    )
    path = folder / "report.html"
    write_whole(path, page)
    return path


def _lede(facts: Mapping[str, str]) -> str:
    said = [_text(facts[key]) for key in _LEDE if facts.get(key)]
    return f'<p class="lede">{"; ".join(said)}</p>\n' if said else ""


def _headline(metrics: Mapping[str, Any]) -> str:
    measured = [key for key in _HEADLINE if _is_number(metrics.get(key))]
    cells = []
    for key in measured or [key for key in _HEADLINE_OF_TRAINING if _is_number(metrics.get(key))]:
        name, unit = _name_and_unit(key)
        if key == "nll_nats" and "nll_bits_per_dim" not in metrics:  # no probability of the bytes: what, then?
            name = f"-log {metrics['nll_is']}" if "density" in metrics["nll_is"] else _capital(metrics["nll_is"])
        if measured and "measured_split" in metrics:
            name += f", {metrics['measured_split']}"
        cells.append(
            f"<div><dt>{_text(name)}</dt><dd>{_number(metrics[key])}\n<small>{_text(unit)}</small></dd></div>\n"
        )
    return f'<dl class="headline">\n{"".join(cells)}</dl>\n' if cells else ""


def _notes(notes: Sequence[str]) -> str:
    items = "".join(f"<li>{_text(note)}</li>\n" for note in notes)
    return f'<ul class="notes" aria-label="Please note">\n{items}</ul>\n' if items else ""


def _measured(tables: Sequence[Table], remarks: Sequence[str]) -> str:
    if not tables:
        return ""
    said = "".join(f"<p>{_text(remark)}</p>\n" for remark in remarks)
    return f"<section>\n<h2>Measured</h2>\n{''.join(map(_table, tables))}{said}</section>\n"


def _table(table: Table) -> str:
    head = "".join(
        f'<th scope="col"{" class=number" if number else ""}>{_text(column)}</th>'
        for number, column in enumerate(table.columns)
    )
    rows = ""
    for number, (name, *cells) in enumerate(table.rows):
        kind = ' class="strong"' if number in table.strong else ' class="part"' if name.startswith(" ") else ""
        inner = "".join(f'<td class="number">{_text(cell)}</td>' for cell in cells)
        rows += f'<tr{kind}><th scope="row">{_text(name.strip())}</th>{inner}</tr>\n'
    note = f'<p class="beneath">{_text(table.note)}</p>\n' if table.note else ""
    return (
        f'<div class="measured"><table>\n<caption>{_text(table.title)}</caption>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n{note}</div>\n"
    )


def _pictures(pictures: Sequence[tuple[Path, str]]) -> str:
    figures = "".join(_figure(Path(path), caption) for path, caption in pictures)
    return f'<section>\n<h2>Pictures</h2>\n<div class="pictures">\n{figures}</div>\n</section>\n' if figures else ""


def _figure(path: Path, caption: str) -> str:
    """A PNG inside the page, at half its pixels, where it is sharp; narrow ones stand two in a row."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadInput(f"cannot read the picture {path}: {error.strerror}") from error
    if content[:8] != b"\x89PNG\r\n\x1a\n" or len(content) < 24:
        raise BadInput(f"{path} is not a PNG picture")
    width, height = (size // 2 for size in struct.unpack(">II", content[16:24]))
    kind = ' class="half"' if width <= 600 else ""
    alt = f"{path.stem.replace('_', ' ').capitalize()}: {caption}" if caption else path.stem.replace("_", " ")
    return (
        f"<figure{kind}>"
        f'<img src="data:image/png;base64,{base64.b64encode(content).decode()}" '
        f'width="{width}" height="{height}" alt="{_text(alt)}">'
        f"<figcaption>{_text(caption)}</figcaption></figure>\n"
    )


def _numbers(metrics: Mapping[str, Any]) -> str:
    """The table of every number there is; a mapping within is a group of rows."""
    rows = "".join(
        _row(key, value) for key, value in metrics.items() if key not in _NOT_SHOWN and not isinstance(value, Mapping)
    )
    for group, values in metrics.items():
        if isinstance(values, Mapping):
            inner = "".join(_row(key, value) for key, value in _flat(values))
            if inner:
                name = _text(_capital(_plain(group)))
                rows += f'<tr><th scope="rowgroup" colspan="3">{name}</th></tr>\n{inner}'
    if not rows:
        return ""
    head = '<tr><th scope="col">Quantity</th><th scope="col" class="number">Value</th><th scope="col">Unit</th></tr>'
    return (
        "<section>\n<h2>Numbers</h2>\n<table>\n"
        "<caption>Of free energy, rate, distortion and error, lower is better.</caption>\n"
        f"<thead>{head}</thead>\n<tbody>\n{rows}</tbody>\n</table>\n</section>\n"
    )


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, prefix=f"{prefix}{key}, ")
        else:
            yield f"{prefix}{key}", value


def _row(key: str, value: Any) -> str:
    name, unit = _name_and_unit(key)
    if isinstance(value, str) or value is None:
        return ""  # words are facts
    shown = ", ".join(_number(item) for item in value) if isinstance(value, list | tuple) else _number(value)
    return (
        f'<tr><th scope="row">{_text(name)}</th><td class="number">{shown}</td>'
        f'<td class="unit">{_text(unit)}</td></tr>\n'
    )


def _reproduce(command: str, facts: Mapping[str, str]) -> str:
    items = "".join(
        f"<dt>{_text(_capital(_plain(key)))}</dt><dd>{_text(value)}</dd>\n" for key, value in facts.items() if value
    )
    listed = f'<dl class="facts">\n{items}</dl>\n' if items else ""
    return f"<section>\n<h2>How to have it again</h2>\n<pre><code>{_text(command)}</code></pre>\n{listed}</section>\n"


def _name_and_unit(key: str) -> tuple[str, str]:
    """'val_free_energy_nats' -> ('Free energy, validation', 'nats per image')."""
    unit = ""
    name = key
    for suffix, said in _UNITS.items():
        if key.endswith(suffix) or key == suffix[1:]:
            unit = said
            if key != suffix[1:]:
                name = key.removesuffix(suffix) + ("_se" if suffix.endswith("_se") else "")
            break
    if key == "seconds":
        name = "training"
    part, _, rest = name.partition("_")
    if part in _PARTS and (rest or unit):
        return f"{_capital(_plain(rest or 'free_energy'))}, {_PARTS[part]}", unit
    return _capital(_plain(name)), unit


def _plain(key: str) -> str:
    return " ".join(_WORDS.get(word, word) for word in key.replace("_", " ").split(" "))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(value: Any) -> str:
    """A number as it is read, not as it is stored: 1790.3271 -> '1790.3', 4.16612 -> '4.166'."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not _is_number(value):
        return _text(str(value))
    if isinstance(value, int):
        return str(value).replace("-", "−")
    if not math.isfinite(value):
        return {"nan": "not a number", "inf": "∞", "-inf": "−∞"}[str(value)]
    digits = 0 if abs(value) >= 1e4 else 1 if abs(value) >= 100 else 2 if abs(value) >= 10 else 3
    text = f"{value:.{digits}f}" if abs(value) >= 0.01 or value == 0 else f"{value:.2g}"
    return text.replace("-", "−")


def _text(value: object) -> str:
    return html.escape(str(value), quote=True)
