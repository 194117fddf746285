"""How a model stands beside what needs none: the rows of a dot plot, and a sentence that says it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from freyvae.records import Baseline, Measurement, TrainingRecord
from freyvae.reporting.tables import BASELINES

# of a normal, half of the interval that holds 95 % is so many standard errors
OF_95_PERCENT = 1.96
_FORMATS = {"png": "PNG", "webp": "WebP", "jpeg_xl": "JPEG-XL"}
_TICKS = 5


@dataclass(frozen=True)
class Dot:
    """A row of a dot plot.

    Attributes:
        name: what it is of.
        value: where the dot is.
        error: its standard error over images; None where there is none.
        is_ours: whether it is the model's.
    """

    name: str
    value: float
    error: float | None = None
    is_ours: bool = False

    @property
    def low(self) -> float:
        """The lower end of its 95 % interval."""
        return self.value - OF_95_PERCENT * (self.error or 0.0)

    @property
    def high(self) -> float:
        """The upper end of its 95 % interval."""
        return self.value + OF_95_PERCENT * (self.error or 0.0)


class Scale:
    """A scale of round numbers, on which values have a place."""

    @property
    def shown(self) -> Sequence[float]:
        """What the scale is around."""
        raise NotImplementedError

    @property
    def ticks(self) -> tuple[float, ...]:
        """Round numbers around all that is shown."""
        return ticks_around(self.shown)

    def place(self, value: float) -> str:
        """How far along the scale a value is, in CSS per cent."""
        first, last = self.ticks[0], self.ticks[-1]
        return f"{100 * (value - first) / (last - first):.2f}%"

    def tick(self, value: float) -> str:
        """A tick's label, as short as it can be."""
        return f"{value:.10g}".replace("-", "−")


@dataclass(frozen=True)
class DotPlot(Scale):
    """Dots on one scale, the best first; lower is better.

    Attributes:
        title: what is shown, of which images.
        part: training, validation or test: the images'.
        dots: one a row.
        digits: decimals of a number.
        note: a sentence below.
    """

    title: str
    part: str
    dots: tuple[Dot, ...]
    digits: int
    note: str = ""

    @property
    def shown(self) -> Sequence[float]:
        """All dots and their intervals."""
        return [end for dot in self.dots for end in (dot.low, dot.high)]

    def number(self, value: float) -> str:
        """A value, with a true minus sign."""
        return f"{value:.{self.digits}f}".replace("-", "−")


def ticks_around(values: Sequence[float]) -> tuple[float, ...]:
    """About five round numbers, evenly spaced, the first below and the last above all values."""
    low, high = min(values), max(values)
    room = (high - low) or max(abs(high), 1.0) * 0.1
    rough = room / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(step for step in (1, 2, 5, 10) if step * power >= rough) * power
    slack = 1e-9  # 4.6 / 0.2 is a little less than 23
    first, last = math.floor(low / step + slack), math.ceil(high / step - slack)
    # of tenths and hundredths the nearest floats, not 3 * 0.1
    return tuple(float(f"{number * step:.12g}") for number in range(first, max(last, first + 1) + 1))


def measured_standing(found: Measurement) -> DotPlot:
    """The model and what costs the same images without one, in the unit that they have in common."""
    is_bits = found.nll_bits_per_dim is not None
    ours = Dot(
        "the model",
        found.nll_bits_per_dim if found.nll_bits_per_dim is not None else found.nll_nats,
        found.nll_bits_per_dim_se if is_bits else found.nll_nats_se,
        is_ours=True,
    )
    unit = "bits per dimension" if is_bits else f"{found.nll_is.partition(' of ')[0]}, nats per image"
    of = f"{found.images:,} {found.measured_split} images"
    title = f"{capital(unit)}, of the {of}"
    return _plot(ours, found.baselines, is_bits=is_bits, title=title, part=found.measured_split)


def trained_standing(training: TrainingRecord, baselines: Mapping[str, Baseline], images: int) -> DotPlot:
    """The same of a run that is not measured yet, of `images` validation images: the free energy is a bound."""
    is_bits = training.val_bits_per_dim is not None
    value = training.val_bits_per_dim if training.val_bits_per_dim is not None else training.val_free_energy_nats
    return _plot(
        Dot("the model, at most", value, is_ours=True),
        baselines,
        is_bits=is_bits,
        title=f"{'Bits per dimension' if is_bits else 'Nats per image'}, of the {images:,} validation images",
        part="validation",
    )


def _plot(ours: Dot, baselines: Mapping[str, Baseline], *, is_bits: bool, title: str, part: str) -> DotPlot:
    dots = [ours]
    for key, name in BASELINES.items():
        found = baselines.get(key)
        if found is None:
            continue
        if is_bits and found.any_bits_per_dim is not None:
            scale = 1.0 if not found.nll_nats else found.any_bits_per_dim / found.nll_nats
            error = None if found.nll_nats_se is None else found.nll_nats_se * scale
            dots.append(Dot(name, found.any_bits_per_dim, error))
        elif not is_bits and found.nll_nats is not None and key in ("mean_image_same_likelihood", "bernoulli_floor"):
            dots.append(Dot(name, found.nll_nats, found.nll_nats_se))
    has_errors = any(dot.error is not None for dot in dots)
    return DotPlot(
        title=title,
        part=part,
        dots=tuple(sorted(dots, key=lambda dot: dot.value)),
        digits=3 if is_bits else 1,
        note="Lower is better." + " ± is the standard error over images, a bar the 95 % interval." * has_errors,
    )


def measured_verdict(found: Measurement) -> str:
    """What the dot plot says, in a sentence: what the model beats, what it does not."""
    plot = measured_standing(found)
    ours = next(dot for dot in plot.dots if dot.is_ours)
    unit = "bits per dimension" if found.nll_bits_per_dim is not None else "nats per image"
    begin = f"{plot.number(ours.value)} {unit} on {found.images:,} {found.measured_split} images"
    standing: dict[str, list[str]] = {"better than": [], "level with": [], "worse than": []}
    for name, other in _peers(plot):
        # of the difference, were the two independent: they are of the same images, so that it is smaller
        margin = OF_95_PERCENT * math.hypot(ours.error or 0.0, other.error or 0.0)
        difference = other.value - ours.value
        key = "level with" if abs(difference) <= margin else "better than" if difference > 0 else "worse than"
        standing[key].append(name)
    said = [f"{key} {_listed(names)}" for key, names in standing.items() if names]
    return f"{begin}: {', '.join(said)}." if said else f"{begin}."


def trained_verdict(training: TrainingRecord, mean_image: Baseline, images: int) -> str:
    """What is known of a run that is not measured, beside a constant at the mean training image."""
    error = training.val_rmse_grey_levels
    constant = (
        "" if mean_image.rmse_grey_levels is None else f", the mean training image by {mean_image.rmse_grey_levels:.1f}"
    )
    return (
        f"Reconstructions of {images:,} validation images are off by {error:.1f} grey levels of 255{constant}. "
        "Not yet measured on test images."
    )


def _peers(plot: DotPlot) -> list[tuple[str, Dot]]:
    """What is compared with in the sentence: of a file format the smallest, of bounds none."""
    names = {
        "constant at the mean image": "a constant image",
        "constant at the mean image, same likelihood": "a constant image",
        "full-covariance Gaussian": "a full-covariance Gaussian",
    }
    found: dict[str, Dot] = {}
    for dot in plot.dots:
        name = names.get(dot.name) or next((each for each in _FORMATS.values() if dot.name.startswith(each)), None)
        if name is not None and name not in found:  # the best come first
            found[name] = dot
    return list(found.items())


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def capital(text: str) -> str:
    """Words as they begin a line."""
    return text[:1].upper() + text[1:]
