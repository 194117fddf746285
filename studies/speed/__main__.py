"""`make bench`: measure and print every table; write docs/performance.json, its picture, and the tables of the page."""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from freyvae.errors import BadInput
from freyvae.files import write_whole
from studies.shared.command import exit_code
from studies.shared.process import ROOT
from studies.speed.explorer import missed
from studies.speed.page import PARTS, TITLES, fill
from studies.speed.picture import write_picture
from studies.speed.versions import describe

JSON, PAGE = "performance.json", "performance.md"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    chosen = _parser().parse_args(arguments)
    return exit_code(lambda: _work(chosen), name="speed", interrupted="earlier measurements are kept")


def _work(chosen: argparse.Namespace) -> int:
    if chosen.page:
        write_page(chosen.out or ROOT / "docs")
        return 0
    if chosen.quick and chosen.out is None:
        with tempfile.TemporaryDirectory() as folder:
            return measure(chosen.only, Path(folder), quick=True)
    return measure(chosen.only, chosen.out or ROOT / "docs", quick=chosen.quick)


def measure(only: Sequence[str], out: Path, *, quick: bool) -> int:
    """Measure each part, print it and keep it. Returns 1 if a part failed, or the explorer exceeded a limit."""
    where, wrong = describe(), []
    for name, module in PARTS.items():
        if only and name not in only:
            continue
        try:
            found = module.run(**(module.QUICK if quick else {}))
        except Exception as error:  # any error: the other parts are measured nevertheless
            wrong.append(f"{name} failed: {type(error).__name__}: {error}")
            continue
        print(f"# {TITLES[name]}\n\n{module.table(found)}\n", flush=True)
        if found_nothing(found) and name in before(out):
            print(f"speed: {name}: the earlier measurement is kept", file=sys.stderr)
            continue
        keep(out, {name: {"machine": where, **found}})
        if name == "explorer":
            wrong += [f"the explorer exceeded its limit: {figure}" for figure in missed(found)]
    if (out / PAGE).is_file():
        write_page(out)
    for line in wrong:
        print(f"speed: {line}", file=sys.stderr)
    return int(bool(wrong))


def keep(out: Path, found: dict[str, Any]) -> None:
    """Add parts to `performance.json`, and draw `pictures/performance.png` from all of them."""
    after = {name: part for name in PARTS if (part := (before(out) | found).get(name)) is not None}
    write_whole(out / JSON, json.dumps(after, indent=2, ensure_ascii=False) + "\n")
    write_picture(after, out / "pictures" / "performance.png")


def before(out: Path) -> dict[str, Any]:
    """The parts in `performance.json`."""
    path = out / JSON
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return found


def found_nothing(found: dict[str, Any]) -> bool:
    """Whether this machine lacks a requirement of a part: a GPU, or Chromium."""
    return bool(found.get("absent")) or found.get("device") == ""


def write_page(out: Path) -> None:
    """Write the tables of `performance.json` into `performance.md`, and draw the picture again."""
    results = before(out)
    if not results:
        raise BadInput(f"{out / JSON} does not exist: measure first")
    page = out / PAGE
    write_whole(page, fill(page.read_text(encoding="utf-8"), results))
    write_picture(results, out / "pictures" / "performance.png")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m studies.speed", description=__doc__)
    parser.add_argument("--only", action="append", default=[], choices=list(PARTS), help="only this part; may repeat")
    parser.add_argument("--quick", action="store_true", help="everything in miniature, as a test")
    parser.add_argument("--page", action="store_true", help="measure nothing: write the page's tables from the JSON")
    parser.add_argument("--out", type=Path, help="folder to write to (default: docs; with --quick a temporary one)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
