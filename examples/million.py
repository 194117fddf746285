"""A million pictures: draw them into a pack, learn from it, encode them all, and write the page with the sliders.

    python examples/million.py                                  # takes 12.3 GB of the disk
    python examples/million.py --count 2000 --folder small      # a small try

Each step says how long it took, how many images a second that is, and the most memory that the process has had by then.
The same command goes on where it was interrupted.
"""

import argparse
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

import freyvae
from freyvae.data import ImageSet, Pixels, pack
from freyvae.explorer import write_page

SHAPES = ("disc", "square", "ring")
# drawn together: enough to keep numpy busy, and few enough for a processor's cache
AT_ONCE = 64
# of each of the two parts that are not trained on, at most
HELD_OUT = 5000


class Drawn(Pixels):
    """A disc, a square or a ring of some colour, place and size, before a background that darkens to one side.

    An image is the same at every call, and for every count.

    Args:
        count: number of images.
        side: their height and width in pixels.
        seed: of the factors.

    Attributes:
        factors: float32 (image, 7) in [0, 1): across, down, size, hue, the background's hue and fall, and shape.
    """

    def __init__(self, count: int, side: int, seed: int = 0) -> None:
        super().__init__((count, side, side, 3))
        self.factors = np.random.default_rng(seed).random((count, 7), dtype=np.float32)

    @property
    def shapes(self) -> np.ndarray:
        """The place of each image's shape in `SHAPES`, int64 (image,)."""
        return (self.factors[:, 6] * len(SHAPES)).astype("int64")

    def rows(self, indices: np.ndarray) -> np.ndarray:
        """The images of these numbers, uint8 (image, side, side, 3)."""
        images = np.empty((len(indices), *self.shape[1:]), np.uint8)
        for start in range(0, len(indices), AT_ONCE):
            some = indices[start : start + AT_ONCE]
            images[start : start + len(some)] = self._drawn(self.factors[some], self.shapes[some])
        return images

    def _drawn(self, factors: np.ndarray, shapes: np.ndarray) -> np.ndarray:
        across, down, size, hue, hue_behind, fall, _ = factors.T[..., None, None]
        place = np.linspace(-1.0, 1.0, self.shape[1], dtype=np.float32)
        x, y, size = place - (across - 0.5), place[:, None] - (down - 0.5), 0.2 + 0.3 * size
        kind = shapes[:, None, None]
        distance = np.where(kind == 1, np.maximum(np.abs(x), np.abs(y)), np.hypot(x, y))
        distance = np.where(kind == 2, np.abs(distance - 0.75 * size) + 0.75 * size, distance)
        # an edge is a pixel wide
        covered = np.clip(0.5 + (size - distance) * (self.shape[1] / 2), 0.0, 1.0)[..., None]
        behind = _colour(hue_behind) * (0.7 + 0.3 * (2 * fall - 1) * place)[..., None]
        return (behind + covered * (_colour(hue) - behind)).astype(np.uint8)


def _colour(hue: np.ndarray) -> np.ndarray:
    """Red, green and blue, 0 to 255, of hues in [0, 1)."""
    return 127.5 + 127.5 * np.cos(2 * np.pi * (hue[..., None] + np.float32([0, 1 / 3, 2 / 3])))


@contextmanager
def step(words: str, count: int) -> Iterator[None]:
    """Say how long the block took with so many images."""
    began = time.perf_counter()
    yield
    seconds = time.perf_counter() - began
    print(f"{words}: {seconds:,.1f} s, {count / seconds:,.0f} images a second, {peak_memory()}", flush=True)


def peak_memory() -> str:
    """The most memory that the process has had, in words."""
    # ru_maxrss is in bytes on macOS, and in KiB elsewhere
    mebibytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    return f"peak memory {mebibytes:,.0f} MiB"


def packed(path: Path, drawn: Drawn) -> ImageSet:
    """The images in a pack: one that is there, or that is made now or gone on with."""
    if (path / "pack.json").is_file():
        try:
            found = freyvae.load_images(path)
        except freyvae.BadInput:  # not finished, or damaged, which packing says
            pass
        else:
            if found.images.shape == drawn.shape:
                return found
            raise freyvae.BadInput(f"{path} has {len(found):,} images of {found.image_shape}: choose another --folder")
    labels = [SHAPES[number] for number in drawn.shapes]
    return pack(ImageSet(drawn, "drawn", is_video=False, labels=labels), path, progress=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1_000_000, help="number of images")
    parser.add_argument("--size", type=int, default=64, help="height and width in pixels")
    parser.add_argument("--folder", type=Path, default=Path("runs/million"), help="for all that is written")
    parser.add_argument("--recipe", default="images", help="a shipped recipe")
    parser.add_argument("--epochs", type=int, default=1, help="of the training, at most")
    parser.add_argument("--minutes", type=float, default=0.0, help="of the training after its first epoch; 0: no end")
    try:
        run(parser.parse_args())
    except freyvae.FreyvaeError as error:
        sys.exit(f"million: {error}")


def run(arguments: argparse.Namespace) -> None:
    """All steps."""
    count, folder = arguments.count, arguments.folder
    held_out = min(HELD_OUT, count // 10)
    print(f"before: {peak_memory()}")
    drawn = Drawn(count, arguments.size)
    with step("packed", count):
        images = packed(folder / "drawn.pack", drawn)
    print(f"{folder / 'drawn.pack'}: {images.images.nbytes / 1e9:.2f} GB")

    recipe, train = freyvae.load_recipe(arguments.recipe), count - 2 * held_out
    recipe = recipe.replace(
        data=str((folder / "drawn.pack").resolve()),
        name="million",
        split="random",
        validation=held_out,
        test=held_out,
        epochs=arguments.epochs,
        minutes=arguments.minutes,
        batch_size=min(recipe.training.batch_size, train),
        warm_up_epochs=0,
        latent_names=(),
    )
    with step(f"trained on {train:,}, compilation included", arguments.epochs * train):
        trained = freyvae.train(recipe, folder / "run", pictures=False)
    found = trained.training
    print(f"{found.epochs} epochs: {found.seconds:,.1f} s; held out, {found.val_free_energy_nats:,.1f} nats per image")
    with step("encoded", count):
        codes = freyvae.encode(trained, folder / "drawn.pack", out=folder / "codes.npy", progress=True)
    print(f"{codes}: {np.load(codes, mmap_mode='r').shape}")
    with step("page written", count):
        page = write_page(trained, say=print)
    print(page)


if __name__ == "__main__":
    main()
