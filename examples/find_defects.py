"""Find defects: train on faces without any, then score new ones of which some have a square drawn into them.

`python examples/find_defects.py` takes some minutes on two cores and needs the Frey faces; the run, the table of scores
and the heat maps are kept in `--out`. Of a project of one's own, only the two lines with `train` and `score` are left.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from PIL import Image

import freyvae

SIDE = 5  # of a defect, in pixels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=3.0, help="of the training")
    parser.add_argument("--epochs", type=int, default=200, help="of the training, at most")
    parser.add_argument("--recipe", default="images", help="a shipped recipe")
    parser.add_argument("--out", type=Path, default=Path("runs/find-defects"), help="folder for all that is written")
    arguments = parser.parse_args()
    try:
        find(arguments)
    except freyvae.FreyvaeError as error:
        sys.exit(f"find_defects: {error}")


def find(arguments: argparse.Namespace) -> None:
    """Train, make new pictures, score them, and say how well the defects are found."""
    recipe = freyvae.load_recipe(arguments.recipe).replace(
        split="blocked", validation=200, test=200, epochs=arguments.epochs, minutes=arguments.minutes
    )
    run = freyvae.train(recipe, arguments.out / "run", quiet=True, pictures=False)

    # the last 200 frames, which the model has never seen: every fourth gets a defect
    write_pictures(freyvae.load_images("frey-faces").images[-200:], arguments.out / "new")

    found = freyvae.score(
        run,
        arguments.out / "new",
        by="local",
        threshold=0.95,
        normal=["good"],
        maps=arguments.out / "maps",
        out=arguments.out / "scores.csv",
    )
    threshold, detection = found.record.threshold, found.record.detection["local_deviations"]
    area = detection.area_under_roc
    print(f"area under the ROC curve {area.value:.3f} [{area.low:.3f}, {area.high:.3f}]")
    is_out = found.columns["is_out"] == 1
    is_defective = np.array([file.startswith("defective") for file in found.files])
    print(
        f"out: {np.sum(is_out & is_defective)} of {is_defective.sum()} defective pictures, "
        f"and {np.sum(is_out & ~is_defective)} of {np.sum(~is_defective)} good ones"
    )
    print(
        f"expected of good ones: {100 * threshold.false_positives.low:.1f} to "
        f"{100 * threshold.false_positives.high:.1f} %"
    )
    print(f"the oddest: {', '.join(found.files[place] for place in found.oddest(3))}; where: {arguments.out / 'maps'}")


def write_pictures(faces: np.ndarray, folder: Path) -> None:
    """Write faces as PNGs, every fourth with a square of its negative, in sub-folders that are their labels."""
    random = np.random.default_rng(0)
    for number, face in enumerate(faces):
        label = "defective" if number % 4 == 0 else "good"
        picture = face[:, :, 0].copy()
        if label == "defective":
            down, across = (int(random.integers(0, side - SIDE)) for side in picture.shape)
            square = slice(down, down + SIDE), slice(across, across + SIDE)
            picture[square] = 255 - picture[square]
        place = folder / label
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(place / f"{number:03}.png")


if __name__ == "__main__":
    main()
