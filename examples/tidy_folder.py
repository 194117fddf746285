"""Tidy a folder of pictures: copies, odd ones, and groups (extra `scikit-learn`).

    python examples/tidy_folder.py photos/ --out tidy

Trains a run where there is none in `--run`, then writes `copies.csv`, `oddities.csv`, `groups.csv` and pictures.
Nothing is moved or deleted: the tables say what to look at.
"""

import argparse
import csv
from pathlib import Path

import numpy as np

import freyvae
from freyvae.metrics.near_duplicates import MOST_BITS, difference_hashes

SHOWN = 48


def copies(images: np.ndarray, nearest: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of pictures that are nearest to each other by code, and look alike too: by a hash of 256 bits."""
    hashes = difference_hashes(images)
    pairs = {tuple(sorted((row, int(near)))) for row, near in enumerate(nearest)}
    return [
        (one, other)
        for one, other in sorted(pairs)
        if np.bitwise_count(hashes[one] ^ hashes[other]).sum(dtype=int) <= MOST_BITS
    ]


def write(path: Path, columns: list[str], rows: list[list[object]]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])
    print(f"{len(rows)} rows in {path}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--run", type=Path)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--image-size", default=None)
    parser.add_argument("--out", type=Path, default=Path("tidy"))
    chosen = parser.parse_args()
    out = chosen.out
    out.mkdir(parents=True, exist_ok=True)
    folder = chosen.run or out / "run"
    if not (folder / "metrics.json").is_file():
        recipe = freyvae.load_recipe("images").replace(
            data=str(chosen.folder.resolve()), image_size=chosen.image_size, minutes=chosen.minutes
        )
        freyvae.train(recipe, folder, pictures=False)
    run = freyvae.Run(folder)
    images = freyvae.load_images(run.recipe.data.source, image_size=run.recipe.data.image_size)
    names, pixels = images.names, images.images

    found = freyvae.neighbours(run, run.recipe.data.source, count=1, out=out / "neighbours.csv")
    pairs = copies(pixels, found.indices[:, 0])
    write(out / "copies.csv", ["file", "copy"], [[names[one], names[other]] for one, other in pairs])
    if pairs:
        freyvae.pictures.save_images(pixels[np.array(pairs[:SHOWN]).ravel()], out / "copies.png", columns=12)

    energy = run.load_model().free_energy(pixels, samples=4).total
    odd = np.argsort(-energy)[:SHOWN]
    write(out / "oddities.csv", ["file", "free_energy_nats"], [[names[index], float(energy[index])] for index in odd])
    freyvae.pictures.save_images(pixels[odd], out / "oddities.png", columns=12)

    groups = freyvae.cluster(run, out=out / "groups.csv", pictures=out / "groups")
    print(f"{len(groups.mixture.sizes)} groups in {groups.path}, pictures of them in {out / 'groups'}")


if __name__ == "__main__":
    main()
