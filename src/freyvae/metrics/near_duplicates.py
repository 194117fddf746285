"""Which held-out images have a near-duplicate among the training images? Found by a hash of what they look like."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from freyvae.data.pixels import blocks

# cells of the hash: down, and across
CELLS = 16
BITS = CELLS * CELLS
# two images are near-duplicates if at most this many of the 256 bits differ, a tenth. Unrelated pictures differ in
# about half of them, copies that were resized or made lighter in 3, copies saved as a poor JPEG in 16 to 26
MOST_BITS = 26
# nor more than this share of the bits that are set in both together: a few strokes on black set so few that unrelated
# ones could not differ in more. Both hold for the bits across, and for those down
MOST_SHARE = 0.25
# of stripes and lines only every sixteenth bit says anything new: what looks alike must also rise and fall together
LEAST_CORRELATION = 0.9
# of images that have no bit set in either, flat ones, the means are compared: so many grey levels apart at most
MOST_LEVELS = 2.0
IMAGES_AT_ONCE = 256
BYTES_AT_ONCE = 2**22  # of pixels


def near_duplicates(
    images: npt.NDArray[np.uint8], train: npt.NDArray[np.uint8], *, most_bits: int = MOST_BITS
) -> npt.NDArray[np.bool_]:
    """Which of the images have a near-duplicate among the training images.

    Their sum is how many. Images of one flat colour are near-duplicates of those of nearly the same grey level.

    Args:
        images: uint8 (image, height, width, channel), the held-out images.
        train: alike, of any height, width and number of channels.
        most_bits: how many bits of the two hashes may differ, of 256, across and down.

    Returns:
        bool (image,).
    """
    found = np.zeros(len(images), bool)
    if not len(images):
        return found
    looks = _looks(images)
    for start in range(0, len(train), IMAGES_AT_ONCE):
        of_train = _looks(train[start : start + IMAGES_AT_ONCE])
        left = np.flatnonzero(~found)
        for part in np.array_split(left, -(-len(left) // IMAGES_AT_ONCE) or 1):
            alike = np.ones((len(part), len(of_train.means)), bool)
            are_flat = alike.copy()
            for hashes, others in zip(looks.hashes, of_train.hashes, strict=True):
                distances = _count(hashes[part, None] ^ others)
                bits_set = _count(hashes[part])[:, None] + _count(others)
                alike &= (distances <= most_bits) & (distances <= MOST_SHARE * bits_set)
                are_flat &= bits_set == 0
            apart = np.abs(looks.means[part, None] - of_train.means)
            correlations = looks.patterns[part] @ of_train.patterns.T
            found[part] = (alike & np.where(are_flat, apart <= MOST_LEVELS, correlations >= LEAST_CORRELATION)).any(
                axis=1
            )
    return found


@dataclass(frozen=True, eq=False)
class _Looks:
    """What images look like.

    Attributes:
        hashes: across and down, each uint64 (image, 4).
        patterns: the cells less their mean, of length 1, float32 (image, cell).
        means: grey levels, float64 (image,).
    """

    hashes: tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]
    patterns: npt.NDArray[np.float32]
    means: npt.NDArray[np.float64]


def _looks(images: npt.NDArray[np.uint8]) -> _Looks:
    found = []
    for _, block in blocks(images, most_bytes=BYTES_AT_ONCE):
        cells = _cells(block)
        values = cells.reshape(len(block), -1)
        means = values.mean(axis=1, keepdims=True)
        lengths = np.maximum(np.linalg.norm(values - means, axis=1, keepdims=True), 1e-6)
        patterns = ((values - means) / lengths).astype(np.float32)
        found.append((_hashes(cells), _hashes(_cells(block.swapaxes(1, 2))), patterns, means[:, 0]))
    across, down, patterns, means = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return _Looks((across, down), patterns, means)


def _count(hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """How many bits are set, over the last axis."""
    counts: npt.NDArray[np.int64] = np.bitwise_count(hashes).sum(axis=-1, dtype=np.int64)
    return counts


def difference_hashes(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint64]:
    """The difference hash of each image: whether a cell is lighter than its neighbour to the left.

    The mean of the channels is averaged in 16 x 17 cells, and each but the first of a row makes a bit (the algorithm
    dHash of N. Krawetz, 2013, with 256 bits in place of 64).

    Args:
        images: uint8 (image, height, width, channel).

    Returns:
        uint64 (image, 4).
    """
    found = [_hashes(_cells(block)) for _, block in blocks(images, most_bytes=BYTES_AT_ONCE)]
    return np.concatenate([np.empty((0, BITS // 64), np.uint64), *found])


def _hashes(cells: npt.NDArray[np.float64]) -> npt.NDArray[np.uint64]:
    """The hashes of cells (image, 16, 17)."""
    # a difference by rounding alone is none
    bits = cells[:, :, 1:] - cells[:, :, :-1] > 1e-6
    hashes: npt.NDArray[np.uint64] = np.packbits(bits.reshape(-1, BITS), axis=1).view(np.uint64)
    return hashes


def _cells(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """The mean of the channels in 16 x 17 cells, in grey levels, float64 (image, 16, 17)."""
    height, width = images.shape[1:3]
    down, across = _areas(CELLS, height), _areas(CELLS + 1, width)
    return np.asarray(down @ images.mean(axis=3, dtype=np.float64) @ across.T)


def _areas(cells: int, pixels: int) -> npt.NDArray[np.float64]:
    """The share of each pixel in each cell along one side: float64 (cell, pixel), whose rows add up to 1."""
    edges = np.arange(cells + 1) * pixels / cells
    places = np.arange(pixels)
    overlap = np.minimum(edges[1:, None], places + 1) - np.maximum(edges[:-1, None], places)
    return np.asarray(np.maximum(overlap, 0) * cells / pixels)
