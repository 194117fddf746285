"""Which held-out images have a near-duplicate among the training images? Found by a hash of what they look like."""

import numpy as np
import numpy.typing as npt

# cells of the hash: down, and across
CELLS = 16
BITS = CELLS * CELLS
# two images are near-duplicates if at most this many of the 256 bits differ, a tenth. Unrelated pictures differ in
# about half of them, copies that were resized or made lighter in 3, copies saved as a poor JPEG in 16 to 26
MOST_BITS = 26
# nor more than this share of the bits that are set in both together: a few strokes on black set so few that unrelated
# ones could not differ in more
MOST_SHARE = 0.25
IMAGES_AT_ONCE = 256
_WORDS = BITS // 64


def near_duplicates(
    images: npt.NDArray[np.uint8], train: npt.NDArray[np.uint8], *, most_bits: int = MOST_BITS
) -> npt.NDArray[np.bool_]:
    """Which of the images have a near-duplicate among the training images.

    Their sum is how many. Images of one flat colour have no bit set, and are near-duplicates of each other.

    Args:
        images: uint8 (image, height, width, channel), the held-out images.
        train: alike, of any height, width and number of channels.
        most_bits: how many bits of the two hashes may differ, of 256.

    Returns:
        bool (image,).
    """
    hashes, found = difference_hashes(images), np.zeros(len(images), bool)
    for start in range(0, len(train), IMAGES_AT_ONCE):
        of_train = difference_hashes(train[start : start + IMAGES_AT_ONCE])
        left = np.flatnonzero(~found)
        for part in np.array_split(left, -(-len(left) // IMAGES_AT_ONCE) or 1):
            differing = hashes[part, None] ^ of_train
            distances = np.bitwise_count(differing).sum(axis=2, dtype=np.int64)
            bits_set = _set(hashes[part])[:, None] + _set(of_train)
            found[part] = ((distances <= most_bits) & (distances <= MOST_SHARE * bits_set)).any(axis=1)
    return found


def _set(hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """How many bits of each hash are set, (image,)."""
    counts: npt.NDArray[np.int64] = np.bitwise_count(hashes).sum(axis=1, dtype=np.int64)
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
    height, width = images.shape[1:3]
    down, across = _areas(CELLS, height), _areas(CELLS + 1, width)
    hashes = np.empty((len(images), _WORDS), np.uint64)
    for start in range(0, len(images), IMAGES_AT_ONCE):
        grey = images[start : start + IMAGES_AT_ONCE].mean(axis=3, dtype=np.float64)
        cells = down @ grey @ across.T
        # a difference by rounding alone is none
        bits = cells[:, :, 1:] - cells[:, :, :-1] > 1e-6
        packed = np.packbits(bits.reshape(-1, BITS), axis=1)
        hashes[start : start + IMAGES_AT_ONCE] = packed.view(np.uint64)
    return hashes


def _areas(cells: int, pixels: int) -> npt.NDArray[np.float64]:
    """The share of each pixel in each cell along one side: float64 (cell, pixel), whose rows add up to 1."""
    edges = np.arange(cells + 1) * pixels / cells
    places = np.arange(pixels)
    overlap = np.minimum(edges[1:, None], places + 1) - np.maximum(edges[:-1, None], places)
    return np.asarray(np.maximum(overlap, 0) * cells / pixels)
