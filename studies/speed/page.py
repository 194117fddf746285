"""docs/performance.md: its tables are written from docs/performance.json, between markers.

What lies between `<!-- begin NAME -->` and `<!-- end NAME -->` is the table of the part NAME. A part that is not
measured leaves what is there as it is. `picture` is the place of the picture, which is there once anything is.
"""

import re
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from freyvae.errors import BadInput
from studies.speed import convolutions, explorer, gpu, many, peers, process, scaling, throughput, versions

PARTS: dict[str, ModuleType] = {
    "peers": peers,
    "process": process,
    "many": many,
    "throughput": throughput,
    "scaling": scaling,
    "convolutions": convolutions,
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
    "gpu": "On a GPU",
    "explorer": "The explorer",
}


PICTURE = """
![Seconds of the post's training and of the whole process, compared with others, and of an epoch as it grows]\
(pictures/performance.png)

"""


def section(name: str, found: Mapping[str, Any]) -> str:
    """A part's table, how many rounds it was the median of, and the machine that it was measured on."""
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
        # as a function, so that no backslash in a table means anything
        text = between.sub(lambda _, block=block: block, text)
    return text
