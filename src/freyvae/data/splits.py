"""Divides images into training, validation and test images."""

import difflib
import logging
import numbers
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from freyvae.arguments import in_words, is_truth_value, truth, whole
from freyvae.data.images import ImageSet, as_images
from freyvae.data.pixels import Images
from freyvae.errors import BadInput
from freyvae.memory import check_fits

SCHEMES = ("blog", "random", "blocked", "given")

_BLOG_TRAIN, _BLOG_VALIDATION = 1800, 100
_OF_THE_POST = (1965, 28, 20, 1)

_log = logging.getLogger(__name__)

_Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Split:
    """Three disjoint sets of indices, each int64 (image,), which together hold every image once.

    `note` is a sentence of caution to print with every figure measured on this split, or "".
    """

    train: _Indices
    validation: _Indices
    test: _Indices
    note: str


def split_indices(
    count: int,
    scheme: str,
    *,
    validation: float = 0.1,
    test: float = 0.1,
    seed: int = 0,
    is_video: bool = False,
    parts: tuple[int, int, int] | None = None,
) -> Split:
    """Divide `count` images.

    Args:
        count: number of images.
        scheme: `blog`, `random`, `blocked` or `given`. `blog` is the split of the post: the first 1800 images train,
            the next 100 validate, and the rest test. `random` is a permutation by `seed`, divided into training,
            validation and test images. It is the protocol of van den Berg et al. 2018, where 1965 frames with
            `validation=200, test=200` give 1565, 200 and 200. `blocked` has the same parts as contiguous runs, in
            order. `given` is the published split of a set that has one.
        validation: a fraction in (0, 1), or a whole number of images; 0 for none. `blog` and `given` ignore it.
        test: the same for the test images.
        seed: the seed of the permutation, 0 to 2**32 - 1.
        is_video: whether the order is time. The note then says how a random split misleads.
        parts: the numbers of training, validation and test images of `given`, which lie in this order: those of
            `ImageSet.parts`. With another scheme, the note says whether the test images are others.

    Raises:
        BadInput: there are fewer than two images, none is left to train on, a part is neither a fraction nor a count,
            the scheme is unknown, `blog` has fewer than 1900 images, or `given` no parts that hold them all.

    Example:
        >>> import freyvae
        >>> parts = freyvae.split_indices(1965, "random", validation=200, test=200, seed=123)
        >>> len(parts.train), len(parts.validation), len(parts.test)
        (1565, 200, 200)
    """
    if not isinstance(scheme, str) or scheme not in SCHEMES:
        near = difflib.get_close_matches(str(scheme), SCHEMES, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"choose one of {', '.join(SCHEMES)}"
        raise BadInput(f"unknown split {in_words(scheme)}; {hint}")
    count, is_video = whole("count", count), truth("is_video", is_video)
    if count < 2:
        raise BadInput(
            f"a split needs at least 2 images, to train on one and hold out another, but there is only {count}"
        )
    check_fits(2 * 8 * count, f"a split of {count} images", "give fewer")
    if scheme == "blog":
        held_out = _BLOG_TRAIN + _BLOG_VALIDATION
        if count < held_out:
            raise BadInput(
                f"the blog split trains on {_BLOG_TRAIN} images and validates on the next {_BLOG_VALIDATION}, but "
                f"there are only {count}; choose the random or blocked split"
            )
        order, train_end, validation_end = np.arange(count), _BLOG_TRAIN, held_out
    elif scheme == "given":
        if parts is None:
            raise BadInput("these images have no published split of their own; choose the random or blocked split")
        if sum(parts) != count:
            raise BadInput(f"parts of {in_words(list(parts))} images do not hold {count}")
        order, train_end, validation_end = np.arange(count), parts[0], parts[0] + parts[1]
    else:
        n_validation, n_test = _part(validation, count, "validation"), _part(test, count, "test")
        train_end = count - n_validation - n_test
        if train_end < 1:
            raise BadInput(
                f"nothing is left to train on: {n_validation} validation and {n_test} test images out of {count}; "
                "hold out fewer"
            )
        validation_end = train_end + n_validation
        order = _permutation(count, seed) if scheme == "random" else np.arange(count)
    train, validate, rest = np.split(order.astype(np.int64), [train_end, validation_end])
    note = _neighbours_note(train, np.concatenate([validate, rest])) if scheme == "random" and is_video else ""
    if parts is not None and not np.array_equal(rest, np.arange(count - parts[2], count)):
        note = "These are not the test images of the published split, so figures compare with no published ones."
    return Split(train=train, validation=validate, test=rest, note=note)


def split(
    images: npt.ArrayLike | ImageSet,
    scheme: str | None = None,
    *,
    validation: float = 0.1,
    test: float = 0.1,
    seed: int = 0,
    is_video: bool = False,
) -> tuple[Images, Images]:
    """Divide images into training images and validation images.

    The test images are deliberately not returned. They should be read once, at the end, with `split_indices`.

    Args:
        images: anything that `as_images` takes, or an `ImageSet`, which says whether it is a video.
        scheme: `blog`, `random`, `blocked` or `given`, as in `split_indices`. The default is `given` for an `ImageSet`
            with a published split, and `blog` for 1965 grey images of 28 x 20, the shape of the post's; for other
            images it is `blocked` for a video and `random` otherwise.
        validation: a fraction, or a whole number of images; `blog` and `given` ignore it.
        test: the same for the test images.
        seed: the seed of the permutation of `random`.
        is_video: whether the order is time. A warning then says how a random split misleads.

    Returns:
        uint8 (train, height, width, channel) and uint8 (validation, height, width, channel).

    Raises:
        BadInput: as in `as_images` and `split_indices`.
    """
    is_video, parts = truth("is_video", is_video), None
    if isinstance(images, ImageSet):
        is_video, parts, images = is_video or images.is_video, images.parts, images.images
    pixels = as_images(images)
    if scheme is None:
        of_pixels = "blog" if pixels.shape == _OF_THE_POST else "blocked" if is_video else "random"
        scheme = of_pixels if parts is None else "given"
    chosen = split_indices(
        len(pixels), scheme, validation=validation, test=test, seed=seed, is_video=is_video, parts=parts
    )
    if chosen.note:
        _log.warning("%s", chosen.note)
    return pixels[chosen.train], pixels[chosen.validation]


def _part(wanted: float, count: int, name: str) -> int:
    """The number of images of a part, from a count or a fraction."""
    if isinstance(wanted, numbers.Real) and not is_truth_value(wanted):
        if isinstance(wanted, numbers.Integral):
            if wanted < 0:
                raise BadInput(f"{name} must not be negative, but is {wanted}")
            if wanted >= count:
                raise BadInput(f"{name} holds out {wanted} images, but there are only {count}; hold out fewer")
            return int(wanted)
        if 0 < wanted < 1:
            return max(1, round(float(wanted) * count))
        if wanted == 0:
            return 0
    raise BadInput(f"{name} must be a fraction between 0 and 1, or a whole number of images, not {in_words(wanted)}")


def _permutation(count: int, seed: int) -> npt.NDArray[np.int64]:
    seed = whole("seed", seed)
    if not 0 <= seed < 2**32:
        raise BadInput(f"the seed of a random split must lie in 0 to {2**32 - 1}, but is {seed}")
    # RandomState, not Generator: its streams are frozen, so a published split stays the same.
    return np.random.RandomState(seed).permutation(count)


def _neighbours_note(train: _Indices, held_out: _Indices) -> str:
    if not len(held_out):
        return ""
    share = np.mean(np.isin(held_out - 1, train) | np.isin(held_out + 1, train))
    return (
        f"{share:.0%} of the held-out frames have a neighbour in time among the training frames, so figures on this "
        "random split flatter; the blog and blocked splits don't."
    )
