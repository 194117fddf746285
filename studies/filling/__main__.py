"""`python -m studies.filling`: train on the Frey faces, fill and clean its test frames, write docs/filling.md."""

import argparse
import json
import string
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import freyvae
from freyvae.files import write_whole
from freyvae.inference.fill import CHECKERS, Filling
from freyvae.reporting.pictures import save_rows
from freyvae.training import load_training_data
from studies.filling.measures import QUARTERS, cleaning, filling, hidden_quarter
from studies.shared.command import exit_code
from studies.shared.machine import in_words, machine
from studies.shared.markdown import markdown_table
from studies.shared.process import ROOT

RUN = Path("runs/filling/frey-16")
# whose pictures are shown: the Frey faces are not ours to show
SHOWN_RUN = Path("runs/filling/drawn-8")
TEMPLATE = Path(__file__).with_name("page.md")
SHOWN = (0, 20, 40, 60)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    argparse.ArgumentParser(prog="python -m studies.filling", description=__doc__).parse_args(arguments)
    recipe = freyvae.load_recipe("frey-faces").replace(name="frey-16", latent_dim=16, patience=20)
    drawn = recipe.replace(name="drawn-8", data="synthetic-faces", latent_dim=8)
    work = [lambda: make(recipe, RUN, ROOT / "docs"), lambda: show(drawn, SHOWN_RUN, ROOT / "docs" / "pictures")]
    return exit_code(lambda: max(part() for part in work), name="filling", interrupted="the same command continues")


def make(recipe: freyvae.Recipe, folder: Path, out: Path) -> int:
    """Train, measure on the test images, write filling.json and filling.md."""
    run = freyvae.train(recipe, folder, pictures=False)
    vae, data = run.load_model(), load_training_data(recipe)
    frames = data.images.images[data.split.test]
    found = {
        "filling": filling(vae, data.train, frames),
        "cleaning": cleaning(vae, data, frames),
        "frames": len(frames),
        "epoch": run.training.best_epoch,
        "machine": machine(),
    }
    write_whole(out / "filling.json", json.dumps(found, indent=1) + "\n")
    write_whole(out / "filling.md", page(found))
    return 0


def show(recipe: freyvae.Recipe, folder: Path, out: Path) -> int:
    """Train, fill a few test images, and write filling.png."""
    run = freyvae.train(recipe, folder, pictures=False)
    data = load_training_data(recipe)
    images = data.images.images[data.split.test]
    quarters, fill = list(QUARTERS), Filling(run.load_model())
    rows = [_shown(fill, images[index], quarters[place % 4]) for place, index in enumerate(_places(images))]
    save_rows(np.stack(rows), out / "filling.png")
    return 0


def page(found: dict[str, Any]) -> str:
    """The page, from what was found."""
    template = string.Template(TEMPLATE.read_text(encoding="utf-8"))
    quarters = [
        [row["quarter"], *(f"{row[key]:.1f}" for key in ("filled", "nearest_frame", "mean_image", "reconstructed"))]
        for row in found["filling"]
    ]
    noises = [
        [str(row["noise"]), *(f"{row[key]:.1f}" for key in ("cleaned", "gaussian_filter", "median_filter", "drawn"))]
        for row in found["cleaning"]
    ]
    return template.substitute(
        filling=markdown_table(
            ["hidden", "filled", "nearest training frame", "mean image", "reconstruction, which sees all"],
            quarters,
            words=(0,),
        ),
        cleaning=markdown_table(
            ["noise", "`reconstruct --noise`", "Gaussian filter", "median of 3 x 3", "reconstruction alone"], noises
        ),
        frames=found["frames"],
        accepted=f"{min(row['accepted'] for row in found['filling']):.2f}",
        machine=in_words(found["machine"]),
    )


def _places(frames: np.ndarray) -> list[int]:
    return [index for index in SHOWN if index < len(frames)]


def _shown(fill: Filling, frame: np.ndarray, quarter: str) -> np.ndarray:
    """What is seen of a frame, the expected picture, four draws, and the frame itself."""
    hidden = hidden_quarter(quarter, frame.shape[:2])
    checkers = np.where(np.indices(hidden.shape).sum(axis=0) % 2, *CHECKERS)[..., None]
    found = fill(frame[None], hidden, draws=4)
    seen = np.where(hidden[..., None], checkers, frame) / 255.0
    return np.stack([seen, found.expected[0], *found.draws[:, 0], frame / 255.0])


if __name__ == "__main__":
    sys.exit(main())
