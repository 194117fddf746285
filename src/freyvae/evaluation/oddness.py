"""How odd is an image to a model? Scores in which larger is odder, compared with those of held-out images."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.ndimage import uniform_filter

from freyvae.arguments import one_of
from freyvae.console import Progress, shown
from freyvae.data.pixels import Images, Pixels, evenly_chosen
from freyvae.errors import BadInput
from freyvae.metrics.baselines import FILE_FORMATS, file_bits
from freyvae.metrics.image_costs import SAMPLES, ImageCosts, image_costs
from freyvae.metrics.novelty import MOST_COMPONENTS, AggregatePosterior
from freyvae.model import VAE

# score -> its column, which ends in its unit
SCORES = {
    "oddness": "oddness",
    "free-energy": "free_energy_nats",
    "distortion": "distortion_nats",
    "rate": "rate_nats",
    "error": "error_grey_levels",
    "corrected": "corrected_bits",
    "novelty": "novelty_nats",
    "local": "local_deviations",
}
CODECS = {format.lower(): format for format in FILE_FORMATS}
# those whose largest is the oddness: each finds what the others are blind to
_JOINED = ("corrected_bits", "novelty_nats", "local_deviations")
# of held-out images, the share that has an oddness below 1 by each of these
_ORDINARY = 0.95
FEWEST = 5
# the median of scores, and the distance of their 95th percentile from it: numbers, or one for each image
_Scale = tuple[Any, Any]
# held-out images that are compared with: of more, as many evenly spaced
MOST_HELD_OUT = 2000
# of a pixel's variance, so many images count that are as all pixels are: those held out may be few
_IMAGES_OF_ALL_PIXELS = 10


@dataclass(frozen=True, eq=False)
class Scored:
    """Some images, scored.

    Attributes:
        scores: column of `SCORES` -> float64 (image,), larger is odder.
        bits: what each pixel costs given the code alone, float32 (image, height, width), in bits.
        deviations: how far its surroundings are beyond what is usual there, likewise, in standard deviations of
            held-out images.
        noise: as in `ImageCosts`.
    """

    scores: dict[str, np.ndarray]
    bits: np.ndarray
    deviations: np.ndarray
    noise: np.ndarray


class Oddness:
    """Scores images by a model, compared with images that it was not trained on.

    - Free energy, distortion, rate: what an image costs by the model. A simple image may cost less than any that the
      model was trained on, however odd it is (Nalisnick et al. 2019).
    - Error: root mean square error of the reconstruction without noise, in grey levels of 255.
    - Corrected: the free energy less the size of a lossless file of the image, in bits (Serra et al. 2020, eq. 3).
      None where the likelihood is no probability of bytes.
    - Novelty: `AggregatePosterior.novelty_nats`, how unlike the codes of training images its code is.
    - Local: the largest deviation of a small window. In every window of the image distortion and the reconstruction's
      error are averaged, and each mean is standardised by those of held-out images at the same place.
    - Oddness: the largest of the last three, each less its median and divided by the distance of its 95th percentile
      from that, of held-out images; of a held-out image, of all others. It is 1 where one of them is as high as in the
      oddest twentieth.

    Args:
        vae: the model.
        train: images that it was trained on, uint8 (image, height, width, channel).
        held_out: images that it was not trained on, likewise.
        codec: of the lossless file, one of `CODECS`.
        samples: draws of each image's latents.
        seed: of the draws.
        progress: told how many held-out images are scored.

    Attributes:
        held_out: the scores of held-out images, column of `SCORES` -> float64 (image,).
        usual_bits: what of a thousand of their pixels all but one cost at most, in bits.

    Raises:
        BadInput: there are fewer than `FEWEST` held-out images, or the codec is unknown or not installed.
    """

    def __init__(
        self,
        vae: VAE,
        train: Images | Pixels,
        held_out: Images | Pixels,
        *,
        codec: str = "png",
        samples: int = SAMPLES,
        seed: int = 0,
        progress: bool | Progress = False,
    ):
        self._format = CODECS[one_of("codec", codec, CODECS)]
        if file_bits(held_out[:1], self._format) is None:
            raise BadInput(f'codec="{codec}" is not installed: pip install "freyvae[{codec}]", or give codec="png"')
        if len(held_out) < FEWEST:
            raise BadInput(
                f"only {len(held_out)} held-out pictures to compare with, fewer than {FEWEST}: train with "
                "validation=... above that"
            )
        self._vae, self._samples, self._seed = vae, samples, seed
        few = evenly_chosen(train, MOST_COMPONENTS)
        self._aggregate = AggregatePosterior(vae.encode(few), vae.posterior_deviations(few))
        side = 2 * (min(vae.image_shape[:2]) // 20) + 1
        self._window = (0, max(side, 3), max(side, 3))
        self._known = known = evenly_chosen(held_out, MOST_HELD_OUT)
        costs = list(_each(self._costs(known), len(known), progress, "held-out pictures"))
        self._usual = [_Usual(np.concatenate(maps)) for maps in zip(*map(self._windows, costs), strict=True)]
        places = np.cumsum([len(chunk.rate) for chunk in costs])[:-1]
        parts = zip(np.split(known, places), costs, strict=True)
        raw = joined([self._scored(part, chunk, is_usual=True).scores for part, chunk in parts])
        of_pixels = np.concatenate([chunk.distortion_of_code for chunk in costs])
        self.usual_bits = max(float(np.quantile(of_pixels, 0.999)) / math.log(2.0), 1e-6)
        columns = [column for column in _JOINED if column in raw]
        self._scales = {column: _scale(raw[column]) for column in columns}
        # each by all others, as a new image is: those of its own scale would look less odd
        of_others = {column: _scale_of_others(raw[column]) for column in columns}
        self.held_out = {"oddness": _oddness(raw, of_others), **raw}

    def of(
        self,
        images: Images | Pixels,
        *,
        first: int = 0,
        noise_before: np.ndarray | None = None,
        progress: bool | Progress = False,
    ) -> Iterator[Scored]:
        """Scores and maps of images, chunk by chunk in their order: memory does not grow with their number.

        Args:
            images: uint8 (image, height, width, channel), of the model's shape.
            first: the image to begin with, the first one after a chunk.
            noise_before: `Scored.noise` of that chunk, where there was one.
            progress: told how many are scored.
        """
        costs = self._costs(images, first=first, noise_before=noise_before)
        yield from self._chunks(images, _each(costs, len(images), progress, "pictures", done=first), first=first)

    def of_held_out(self) -> Iterator[Scored]:
        """The same of the held-out images that others are compared with, each compared with all others of them."""
        yield from self._chunks(self._known, self._costs(self._known), is_usual=True)

    def _costs(self, images: Images | Pixels, **begun: Any) -> Iterator[ImageCosts]:
        return image_costs(self._vae, images, samples=self._samples, seed=self._seed, **begun)

    def _chunks(
        self, images: Images | Pixels, costs: Iterator[ImageCosts], *, first: int = 0, is_usual: bool = False
    ) -> Iterator[Scored]:
        for chunk in costs:
            chosen = slice(first, first + len(chunk.rate))
            scored = self._scored(images[chosen], chunk, is_usual=is_usual)
            oddness = self.held_out["oddness"][chosen] if is_usual else _oddness(scored.scores, self._scales)
            first = chosen.stop
            yield replace(scored, scores={"oddness": oddness, **scored.scores})

    def scores_of(self, images: Images | Pixels) -> dict[str, np.ndarray]:
        """The scores of images, column of `SCORES` -> float64 (image,)."""
        return joined([chunk.scores for chunk in self.of(images)])

    def _scored(self, images: np.ndarray, costs: ImageCosts, *, is_usual: bool = False) -> Scored:
        """All scores but the oddness; `is_usual`: of images that what is usual was made of."""
        distortion = costs.distortion.sum(axis=(1, 2), dtype=np.float64)
        rate = costs.rate.astype(np.float64)
        scores = {
            "free_energy_nats": distortion + rate,
            "distortion_nats": distortion,
            "rate_nats": rate,
            "error_grey_levels": np.sqrt(np.square(costs.error, dtype=np.float64).mean(axis=(1, 2))),
        }
        if self._vae.pixel_likelihood.is_probability_of_bytes:
            file = file_bits(images, self._format)
            scores["corrected_bits"] = (distortion + rate) / math.log(2.0) - file
        scores["novelty_nats"] = self._aggregate.novelty_nats(costs.codes, costs.deviations)
        standardised = [
            usual.left_out(maps) if is_usual else usual.standardised(maps)
            for usual, maps in zip(self._usual, self._windows(costs), strict=True)
        ]
        deviations = np.maximum(*standardised)
        scores["local_deviations"] = deviations.max(axis=(1, 2)).astype(np.float64)
        return Scored(scores, costs.distortion_of_code / np.float32(math.log(2.0)), deviations, costs.noise)

    def _windows(self, costs: ImageCosts) -> list[np.ndarray]:
        return [uniform_filter(maps, self._window, mode="nearest") for maps in (costs.distortion, costs.error)]


class _Usual:
    """Mean and variance of a map at each pixel, over images."""

    def __init__(self, maps: np.ndarray):
        self._count = len(maps)
        self._mean, self._variance = maps.mean(axis=0, dtype=np.float64), maps.var(axis=0, dtype=np.float64)

    def standardised(self, maps: np.ndarray) -> np.ndarray:
        """Maps (image, height, width) of other images, less the mean, in standard deviations."""
        return _in_deviations(maps - self._mean, self._variance, self._count)

    def left_out(self, maps: np.ndarray) -> np.ndarray:
        """The same of the images' own, each by mean and variance of all others: otherwise others would look odder."""
        ratio = self._count / (self._count - 1)
        apart = maps - self._mean
        # without an image, mean and variance are m - d / (n - 1) and n / (n - 1) (v - d^2 / (n - 1))
        variance = ratio * (self._variance - np.square(apart) / (self._count - 1))
        return _in_deviations(ratio * apart, variance, self._count - 1)


def _in_deviations(apart: np.ndarray, variance: np.ndarray, count: int) -> np.ndarray:
    """Divide by the standard deviation over `count` images at each pixel, pooled with that of all pixels."""
    of_all = variance.mean(axis=(-2, -1), keepdims=True)
    pooled = (count * variance + _IMAGES_OF_ALL_PIXELS * of_all) / (count + _IMAGES_OF_ALL_PIXELS)
    return np.asarray(apart / np.sqrt(np.maximum(pooled, 1e-12)), np.float32)


def _each(
    costs: Iterator[ImageCosts], count: int, progress: bool | Progress, what: str, *, done: int = 0
) -> Iterator[ImageCosts]:
    """The chunks of costs, telling of how many images they are, beside those that are done."""
    with shown(progress) as told:
        for chunk in costs:
            done += len(chunk.rate)
            told.advance(done, count, f"scoring {what}")
            yield chunk


def joined(chunks: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """The scores of chunks, one after another."""
    return {column: np.concatenate([chunk[column] for chunk in chunks]) for column in chunks[0]}


def _oddness(scores: Mapping[str, np.ndarray], scales: Mapping[str, _Scale]) -> np.ndarray:
    """The largest of the scores that have a scale, each by its own."""
    return np.asarray(np.max([(scores[column] - median) / high for column, (median, high) in scales.items()], axis=0))


def _scale(scores: np.ndarray) -> _Scale:
    """The median of held-out scores, and how far above it the oddest twentieth begins."""
    median, high = np.quantile(scores, [0.5, _ORDINARY])
    return median, _distance(median, high)


def _scale_of_others(scores: np.ndarray) -> _Scale:
    """The same of all others, for each: two of (image,)."""
    ordered, ranks = np.sort(scores), np.argsort(np.argsort(scores, kind="stable"))

    def quantile(share: float) -> np.ndarray:
        place = share * (len(scores) - 2)
        low, high = (ordered[rank + (rank >= ranks)] for rank in (math.floor(place), math.ceil(place)))
        return np.asarray(low + (place - math.floor(place)) * (high - low))

    median = quantile(0.5)
    return median, _distance(median, quantile(_ORDINARY))


def _distance(median: Any, high: Any) -> Any:
    """From one to the other. Where all are alike it is next to nothing: any other is far from them."""
    return np.maximum(high - median, 1e-6 * (1.0 + np.abs(median)))
