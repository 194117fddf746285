"""Writes the tables of docs/performance.md from docs/performance.json, between markers.

The text between `<!-- begin NAME -->` and `<!-- end NAME -->` is the table of the part NAME. It stays unchanged if the
part was not measured. The markers `picture` enclose the picture, which is added when any part was measured.
"""

import re
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from freyvae.errors import BadInput
from studies.speed import (
    convolutions,
    explorer,
    gpu,
    many,
    packs,
    peers,
    process,
    processes,
    scaling,
    throughput,
    versions,
)

PARTS: dict[str, ModuleType] = {
    "peers": peers,
    "process": process,
    "many": many,
    "throughput": throughput,
    "scaling": scaling,
    "convolutions": convolutions,
    "packs": packs,
    "processes": processes,
    "gpu": gpu,
    "explorer": explorer,
}
TITLES = {
    "peers": "The post's training, side by side",
    "process": "A command from start to end",
    "many": "Many models at once",
    "throughput": "Likelihoods, codes, images: how many a second",
    "scaling": "What it costs as the work grows",
    "convolutions": "Networks with convolutions",
    "packs": "Packs",
    "processes": "Several processes",
    "gpu": "On a GPU",
    "explorer": "The explorer",
}


PICTURE = """
![Seconds of the post's training and of the whole process, compared with others, and of an epoch as it grows]\
(pictures/performance.png)

"""


def section(name: str, found: Mapping[str, Any]) -> str:
    """The table of a part, its number of rounds, and the machine that it was measured on."""
    turns = found.get("rounds")
    taken = f"Medians of {turns} rounds. " if turns and turns > 1 else "One round. " if turns else ""
    return f"{PARTS[name].table(found)}\n\n{taken}Measured on {versions.in_words(found['machine'])}."


def fill(text: str, results: Mapping[str, Any]) -> str:
    """The page with the tables of all parts that were measured.

    Raises:
        BadInput: the page has no markers for a part.
    """
    blocks = {name: f"\n{section(name, found)}\n\n" for name, found in results.items()}
    if results:
        blocks["picture"] = PICTURE
    for name, block in blocks.items():
        begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
        between = re.compile(f"(?<={re.escape(begin)}\n).*?(?={re.escape(end)})", re.DOTALL)
        if not between.search(text):
            raise BadInput(f"the page has no place for {name}: it needs {begin} and {end}, each on a line")
        # a function, since backslashes in a replacement text would be escapes
        text = between.sub(lambda _, block=block: block, text)
    return text
