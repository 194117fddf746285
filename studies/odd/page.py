"""The part of docs/odd-pictures.md that the study writes. Every figure in it comes from docs/odd.json."""

import string
from pathlib import Path
from typing import Any

import numpy as np

from studies.odd.methods import ERROR
from studies.shared.machine import in_words
from studies.shared.markdown import markdown_table

TEMPLATE = Path(__file__).parent / "page.md"
OURS = "freyvae "
DEFAULT = "freyvae oddness"
OTHER_MAPS = ("reconstruction error",)
# on which the scores were chosen, with the squares in faces
LOOKED_AT = "digits-1"


def part(found: dict[str, Any]) -> str:
    """The part in Markdown."""
    rows = found["tasks"]
    machines = dict.fromkeys(in_words(row["machine"]) for row in rows if row["machine"])
    return string.Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        areas=areas(found),
        verdict=verdict(found),
        digits=", ".join(row["system"].partition("-")[2] for row in rows if row["system"].startswith("digits")),
        pixels=pixels(found),
        machines="; ".join(machines),
        commands="\n".join(dict.fromkeys(row["train_command"] for row in rows)),
    )


def tasks(found: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Task -> method -> area under the ROC curve; the digits but the one that was looked at are one, their mean."""
    grouped: dict[str, list[dict[str, float]]] = {}
    for row in found["tasks"]:
        name = _task(row)
        of_methods = {method: areas["area_under_roc"]["value"] for method, areas in row["methods"].items()}
        grouped.setdefault(name, []).append(of_methods)
    return {
        name: {method: float(np.mean([one[method] for one in several])) for method in several[0]}
        for name, several in grouped.items()
    }


def _task(row: dict[str, Any]) -> str:
    if row["system"] == LOOKED_AT:
        return "the digit 1 left out"
    return "another digit left out" if row["system"].startswith("digits") else f"{row['model']}: {row['odd']}"


def areas(found: dict[str, Any]) -> str:
    """Table with a row a method and a column a task."""
    columns = tasks(found)
    methods = list(next(iter(columns.values())))
    best = {name: max(of.values()) for name, of in columns.items()}

    def cell(name: str, method: str) -> str:
        value = columns[name].get(method)
        if value is None:
            return ""
        return f"**{value:.3f}**" if value == best[name] else f"{value:.3f}"

    lines = [[method, *(cell(name, method) for name in columns)] for method in methods]
    return markdown_table(["method", *columns], lines, words=(0,))


def verdict(found: dict[str, Any]) -> str:
    """Where freyvae's default score, and its best, are not as good as the best of the others and of plain ones."""
    sentences = []
    for name, of in tasks(found).items():
        others = {method: area for method, area in of.items() if not method.startswith(OURS)}
        other, most = max(others.items(), key=lambda item: item[1])
        ours, best = max(((m, a) for m, a in of.items() if m.startswith(OURS)), key=lambda item: item[1])
        if of[DEFAULT] >= most:
            continue
        named = f"`{ours.removeprefix(OURS)}`"
        if other == ERROR:
            reached = "it is the score `error`"
        elif best >= most:
            reached = f"{named} has {best:.3f}"
        else:
            reached = f"the best of ours is {named}, {best:.3f}"
        sentences.append(f"- {name}: {other} has {most:.3f}, the default {of[DEFAULT]:.3f}; {reached}.")
    if not sentences:
        return "The default score, `oddness`, is at least as good as the best of the other methods in every column."
    return "Another method than freyvae's is better than the default score, `oddness`, where\n\n" + "\n".join(sentences)


def pixels(found: dict[str, Any]) -> str:
    """Table of maps: how well they tell defective pixels."""
    rows = [row for row in found["tasks"] if row["pixels"]]
    if not rows:
        return "No maps of pixels are scored yet."
    maps = list(rows[0]["pixels"])
    lines = [[row["odd"], *(f"{row['pixels'][name]:.3f}" for name in maps)] for row in rows]
    table = markdown_table(["defect", *maps], lines, words=(0,))
    behind = [
        f"{row['odd']} ({best}: {row['pixels'][best]:.3f})"
        for row in rows
        if (best := max(maps, key=row["pixels"].get)) in OTHER_MAPS
    ]
    where = f"\n\nWhere another map is the best: {'; '.join(behind)}." if behind else ""
    return f"Of the pixels of these faces, how well a map tells the square from the rest:\n\n{table}{where}"
