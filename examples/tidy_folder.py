"""Tidy a folder of pictures: copies, odd ones, and groups (extra `scikit-learn`).

    python examples/tidy_folder.py photos/ --out tidy

Trains a run where there is none in `--run`, then writes `copies.csv`, `oddities.csv`, `groups.csv` and pictures.
Nothing is moved or deleted: the tables say what to look at.
"""

import argparse
import csv
import sys
from pathlib import Path

import numpy as np

import freyvae
from freyvae.metrics.near_duplicates import MOST_BITS, difference_hashes

SHOWN = 48


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="of pictures")
    parser.add_argument("--run", type=Path, help="the run to ask, trained where there is none; by default in --out")
    parser.add_argument("--minutes", type=float, default=10.0, help="of the training; at least one epoch is trained")
    parser.add_argument(
        "--image-size", help="that all pictures are brought to, such as 64x64; needed where they differ"
    )
    parser.add_argument("--out", type=Path, default=Path("tidy"), help="folder for all that is written")
    arguments = parser.parse_args()
    try:
        tidy(arguments)
    except freyvae.FreyvaeError as error:
        sys.exit(f"tidy_folder: {error}")


def tidy(arguments: argparse.Namespace) -> None:
    """Train, find copies, oddities and groups, and write tables and pictures of them."""
    out, folder = arguments.out, arguments.folder.resolve()
    run = trained(arguments.run or out / "run", folder, arguments)
    images = freyvae.load_images(folder, image_size=run.recipe.data.image_size)
    names, pixels = images.names, images.images
    out.mkdir(parents=True, exist_ok=True)

    found = freyvae.neighbours(run, folder, among=folder, count=1, out=out / "neighbours.csv", progress=True)
    pairs = copies(pixels, found.indices[:, 0])
    write(
        out / "copies.csv", ["file", "copy", "bits"], [[names[one], names[other], bits] for bits, one, other in pairs]
    )
    if pairs:
        shown = np.array(pairs[:SHOWN])[:, 1:].ravel()
        freyvae.pictures.save_images(pixels[shown], out / "copies.png", columns=12)

    scores = freyvae.score(run, folder, out=out / "scores.csv", progress=True)
    odd = scores.oddest(SHOWN)
    oddness = scores.columns["oddness"]
    write(out / "oddities.csv", ["file", "oddness"], [[names[place], float(oddness[place])] for place in odd])
    freyvae.pictures.save_images(pixels[odd], out / "oddities.png", columns=12)

    groups = freyvae.cluster(run, folder, out=out / "groups.csv", pictures=out / "groups", progress=True)
    print(f"{len(groups.mixture.sizes)} groups in {groups.path}, pictures of them in {out / 'groups'}")


def trained(place: Path, folder: Path, arguments: argparse.Namespace) -> freyvae.Run:
    """The run in a place; where there is none, one that is trained on the folder's pictures."""
    if (place / "metrics.json").is_file():
        return freyvae.Run(place)
    # codes are what is asked for: squared errors train several times as many epochs as probabilities of bytes
    recipe = freyvae.load_recipe("images").replace(
        data=str(folder),
        image_size=arguments.image_size,
        minutes=arguments.minutes,
        likelihood=freyvae.likelihoods.Gaussian(scale_per="image"),
        objective=freyvae.objectives.FreeEnergy(),
    )
    return freyvae.train(recipe, place, pictures=False)


def copies(images: np.ndarray, nearest: np.ndarray) -> list[tuple[int, int, int]]:
    """Pairs of pictures, one the nearest to the other by code, that look alike too: those most alike first.

    They are (bits, one, other): of a hash of 256 bits, made of grey levels, so many differ.
    """
    hashes = difference_hashes(images)
    pairs = {tuple(sorted((row, int(near)))) for row, near in enumerate(nearest)}
    bits = [(int(np.bitwise_count(hashes[one] ^ hashes[other]).sum(dtype=int)), one, other) for one, other in pairs]
    return sorted(pair for pair in bits if pair[0] <= MOST_BITS)


def write(path: Path, columns: list[str], rows: list[list[object]]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])
    print(f"{len(rows)} rows in {path}")


if __name__ == "__main__":
    main()
