"""What training and measuring find, as records: each field has its unit in its type, and its title in the report.

`metrics.json` is the JSON of a `TrainingRecord` and, where the run is measured, of a `Measurement`, side by side;
`seeds.json` that of a `SeedsRecord`.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, TypeVar

import msgspec
from msgspec import Meta

from freyvae.errors import BadInput
from freyvae.fields import help_of, hints, title_of
from freyvae.notebook import card

Nats = Annotated[float, Meta(description="nats per image")]
BitsPerDim = Annotated[float, Meta(description="bits per dimension")]
GreyLevels = Annotated[float, Meta(description="grey levels of 255")]
Seconds = Annotated[float, Meta(description="seconds")]
PerSecond = Annotated[float, Meta(description="per second")]

Kind = TypeVar("Kind")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Why a model may be as it is: a number, what it means and what to try.

    Attributes:
        name: of the number.
        value: it.
        unit: of it.
        is_amiss: whether it is beyond what it should be.
        sentence: what it says.
        advice: what to change, as arguments of `train`.
    """

    name: str
    value: float
    unit: str
    is_amiss: bool
    sentence: str
    advice: str


class _Measured:
    """What a notebook shows of a record: its numbers that have a title."""

    _name: ClassVar[str]

    def _repr_html_(self) -> str:
        rows = [(each.title, f"{each.value:.5g} {each.unit}".strip()) for each in quantities(self).values()]
        return card(self._name, self._said(), [*rows, *self._further()])

    def _said(self) -> list[str]:
        return []

    def _further(self) -> list[tuple[str, str]]:
        return []


@dataclass(frozen=True, kw_only=True)
class TrainingRecord(_Measured):
    """What training itself knows of a run.

    Attributes:
        val_free_energy_nats: of the validation images, in the epoch whose weights are kept.
        val_rate_nats: likewise.
        val_distortion_nats: likewise.
        val_loss: likewise; what was minimised, without a unit.
        val_bits_per_dim: likewise; None where the likelihood is no probability of bytes.
        val_rmse_grey_levels: error of the validation images' reconstructions.
        loss: of the training images, in the epoch whose weights are kept.
        epochs: that were trained.
        best_epoch: whose weights are kept, from 1; None without patience.
        seconds: of all epochs.
        processor_seconds: of the process, on all cores, in these epochs; with seeds that are trained at once, of all of
            them together. None of a version that did not count them.
        compile_seconds: before the first.
        images_per_second: in training.
        seed: of the training.
        data: where the images were from.
        data_sha256: of their pixels.
        split: its name.
        train_images: number of them.
        validation_images: number of them.
        test_images: number of them.
        backend: of Keras.
        versions: of the programs that the numbers depend on.
        finding: the first that is amiss of those that codes and history show; None where nothing is.
    """

    _name: ClassVar[str] = "Training"

    val_free_energy_nats: Annotated[Nats, Meta(title="Free energy, validation")]
    val_rate_nats: Annotated[Nats, Meta(title="Rate, validation")]
    val_distortion_nats: Annotated[Nats, Meta(title="Distortion, validation")]
    val_loss: Annotated[float, Meta(title="Loss, validation")]
    val_bits_per_dim: Annotated[BitsPerDim | None, Meta(title="Free energy, validation")] = None
    val_rmse_grey_levels: Annotated[GreyLevels, Meta(title="RMSE, validation")]
    loss: Annotated[float | None, Meta(title="Loss")] = None
    epochs: Annotated[int, Meta(title="Epochs")]
    best_epoch: Annotated[int | None, Meta(title="Best epoch")] = None
    seconds: Annotated[Seconds, Meta(title="Training")]
    processor_seconds: Annotated[Seconds | None, Meta(title="Processor time of all cores")] = None
    compile_seconds: Annotated[Seconds, Meta(title="Compilation")]
    images_per_second: Annotated[PerSecond, Meta(title="Images")]
    seed: int
    data: str
    data_sha256: str
    split: str
    train_images: Annotated[int | None, Meta(title="Images, training")] = None
    validation_images: Annotated[int | None, Meta(title="Images, validation")] = None
    test_images: Annotated[int | None, Meta(title="Images, test")] = None
    backend: str
    versions: dict[str, str] | None = None
    finding: Finding | None = None


@dataclass(frozen=True, kw_only=True)
class Latent:
    """Of one latent, over the images measured.

    Attributes:
        kl_nats: its KL from the prior; None where latents are not independent, with a flow or a learned prior.
        active: whether its posterior mean varies over the images.
    """

    kl_nats: Nats | None = None
    active: bool


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """What the same images cost without the model; None for what a baseline does not have.

    Attributes:
        nll_nats: -log p(x).
        nll_nats_se: its standard error over images; None of one image, and in files of versions before 0.2.
        nll_bits_per_dim: the same, of a probability of bytes.
        rmse_grey_levels: the error of its answer.
        shrinkage: of a Gaussian's covariance, the share of the diagonal.
        bits_per_dim: of a file.
    """

    nll_nats: Nats | None = None
    nll_nats_se: Nats | None = None
    nll_bits_per_dim: BitsPerDim | None = None
    rmse_grey_levels: GreyLevels | None = None
    shrinkage: float | None = None
    bits_per_dim: BitsPerDim | None = None

    @property
    def any_bits_per_dim(self) -> float | None:
        """Of a file or of a probability of bytes."""
        return self.nll_bits_per_dim if self.bits_per_dim is None else self.bits_per_dim


@dataclass(frozen=True, kw_only=True)
class Factors:
    """How well latents predict the factors that drew the images; 1 is best. See `metrics.FactorScores`.

    Attributes:
        r2: latent -> factor -> R2.
        r2_all_latents: factor -> R2, predicted from all latents by trees.
        mutual_information_gap: Chen et al. 2018.
        dci_disentanglement: Eastwood & Williams 2018.
        dci_completeness: the same.
        dci_informativeness: the same, the mean of `r2_all_latents`.
    """

    r2: dict[str, dict[str, float]]
    r2_all_latents: dict[str, float]
    mutual_information_gap: float
    dci_disentanglement: float
    dci_completeness: float
    dci_informativeness: float


@dataclass(frozen=True, kw_only=True)
class LabelScores:
    """How often a label is told right on images that nothing was fitted to: shares. See `metrics.label_scores`.

    Attributes:
        labels: different ones among the training images.
        linear: of a linear classifier on `codes`, on as many principal components, `pca`, and on `pixels`.
        neighbours: of a vote of the 10 nearest training images, likewise.
        most_frequent: of always saying the most frequent label.
        fitted: training images that the classifiers know.
        scored: images that they were scored on.
    """

    labels: int
    linear: dict[str, float]
    neighbours: dict[str, float]
    most_frequent: float
    fitted: int
    scored: int


@dataclass(frozen=True, kw_only=True)
class Refined:
    """What a run's images cost with posteriors that were refined for each of them. See `metrics.importance_sampled`.

    Of a model with groups of latents, those of the top group alone.

    Attributes:
        steps: of gradient descent for each image.
        free_energy_nats: with them; the difference from the encoder's estimates its amortization gap.
        nll_nats: -log p(x), by importance sampling with all samples.
        nll_nats_se: its standard error over images; None for one image.
        nll_bits_per_dim: None where the likelihood is no probability of bytes.
        nll_bits_per_dim_se: likewise, and for one image.
    """

    steps: int
    free_energy_nats: Nats
    nll_nats: Nats
    nll_nats_se: Nats | None
    nll_bits_per_dim: BitsPerDim | None = None
    nll_bits_per_dim_se: BitsPerDim | None = field(default=None, metadata={"written_with": "nll_bits_per_dim"})


@dataclass(frozen=True, kw_only=True)
class MeasuredWith:
    """What a measurement was made with: versions, Keras's backend, the seed of the draws, how long it took."""

    freyvae: str
    keras: str
    backend: str
    seed: int
    seconds: Seconds


@dataclass(frozen=True, kw_only=True)
class Measurement(_Measured):
    """How good a run is on images of one part of its split.

    Attributes:
        nll_is: what -log p(x) is of: a probability of the bytes, a density, a cross-entropy.
        free_energy_nats: an upper bound of -log p(x).
        rate_nats: its part for the latents of all groups.
        rates_of_groups_nats: that of each group, the top one first; None where there is one group alone.
        distortion_nats: its part for the image given the code.
        nll_nats: -log p(x), by importance sampling with all samples.
        nll_nats_se: its standard error over images; None for one image.
        free_energy_bits_per_dim: None where the likelihood is no probability of bytes.
        nll_bits_per_dim: likewise.
        nll_bits_per_dim_se: likewise, and for one image.
        nll_samples: importance samples for each image.
        nll_nats_by_samples: number of samples, as text -> -log p(x).
        refined: the same estimates with posteriors refined for each image; None where that was not asked for.
        rmse_grey_levels: error of the reconstructions.
        active_units: number of latents of the top group that are active.
        latent_dim: number of latents of the top group.
        latents: of the top group, by their names.
        baselines: by their names.
        is_healthy: whether latents live and a constant is beaten.
        verdict: the same in words.
        factors: None where the images have none, or the extra `factors` is not installed.
        label_scores: None where the images have no labels, or one alone.
        other_measures: by the names of their files in `metrics/measures/`; None where none is defined.
        findings: why it may be so, and what to try; None in files of versions before 0.2.
        measured_split: test, validation or training.
        images: number of them.
        images_sha256: of their pixels.
        measured_with: versions, seed and time.
        measured_notes: what a reader must know.
    """

    _name: ClassVar[str] = "Measured"

    nll_is: str
    free_energy_nats: Nats
    rate_nats: Annotated[Nats, Meta(title="Rate")]
    rates_of_groups_nats: tuple[Nats, ...] | None = None
    distortion_nats: Nats
    nll_nats: Annotated[Nats, Meta(title="Negative log-likelihood")]
    nll_nats_se: Nats | None
    free_energy_bits_per_dim: BitsPerDim | None = None
    nll_bits_per_dim: Annotated[BitsPerDim | None, Meta(title="Negative log-likelihood")] = None
    nll_bits_per_dim_se: BitsPerDim | None = field(default=None, metadata={"written_with": "nll_bits_per_dim"})
    nll_samples: int
    nll_nats_by_samples: dict[str, Nats]
    refined: Refined | None = None
    rmse_grey_levels: Annotated[GreyLevels, Meta(title="RMSE")]
    active_units: int
    latent_dim: int
    latents: dict[str, Latent]
    baselines: dict[str, Baseline]
    is_healthy: bool
    verdict: str
    factors: Factors | None = None
    label_scores: LabelScores | None = None
    other_measures: dict[str, float] | None = None
    findings: tuple[Finding, ...] | None = None
    measured_split: str
    images: int
    images_sha256: str
    measured_with: MeasuredWith
    measured_notes: tuple[str, ...]

    def _said(self) -> list[str]:
        return [f"{self.images} {self.measured_split} images", self.verdict]

    def _further(self) -> list[tuple[str, str]]:
        return [
            (f"Without a model: {name.replace('_', ' ')}", f"{found.any_bits_per_dim:.5g} bits per dimension")
            for name, found in self.baselines.items()
            if found.any_bits_per_dim is not None
        ]

    @property
    def bits_per_nat(self) -> float | None:
        """Bits per dimension that a nat per image is; None where the likelihood is no probability of bytes."""
        return None if self.nll_bits_per_dim is None else self.nll_bits_per_dim / self.nll_nats


@dataclass(frozen=True, kw_only=True)
class OverSeeds:
    """A final number of training over seeds, in the unit of its field in `TrainingRecord`.

    Attributes:
        mean: over the seeds.
        deviation: the sample's standard deviation; None of one seed.
        values: in the order of the seeds.
    """

    mean: float
    deviation: float | None
    values: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class SeedsRecord(_Measured):
    """What `seeds.json` holds: one recipe with many seeds.

    Attributes:
        format: of the file.
        recipe: its name.
        data: where the images were from.
        split: its name.
        seeds: of the trainings.
        numbers: by the names that they have in `TrainingRecord`.
    """

    _name: ClassVar[str] = "Seeds"

    format: int
    recipe: str
    data: str
    split: str
    seeds: tuple[int, ...]
    numbers: dict[str, OverSeeds]

    def _said(self) -> list[str]:
        counted = f"{len(self.seeds)} seeds" if len(self.seeds) > 1 else "one seed"
        return [f"{self.recipe} over {counted} on {self.data}: mean and deviation"]

    def _further(self) -> list[tuple[str, str]]:
        known = hints(TrainingRecord)
        rows = []
        for name, found in self.numbers.items():
            title, unit = (title_of(known[name]), help_of(known[name])) if name in known else (name, "")
            spread = "" if found.deviation is None else f" ± {found.deviation:.2g}"
            rows.append((title, f"{found.mean:.5g}{spread} {unit}".strip()))
        return rows


@dataclass(frozen=True)
class Quantity:
    """A number of a record, and what its field says of it.

    Attributes:
        title: what a report calls it.
        value: the number.
        unit: in words, "" for none.
    """

    title: str
    value: float
    unit: str


def quantities(record: Any) -> dict[str, Quantity]:
    """Name of a field -> its number, in the record's order: of fields that have a title, and a value."""
    return {
        name: Quantity(title_of(hint), getattr(record, name), help_of(hint))
        for name, hint in hints(type(record)).items()
        if title_of(hint) and getattr(record, name) is not None
    }


def to_json(record: Any) -> Any:
    """A record as dictionaries, lists, texts and numbers; a field that has no value is left out.

    A standard error is None for one image, and is written as that.
    """
    if dataclasses.is_dataclass(record) and not isinstance(record, type):
        return {each.name: to_json(getattr(record, each.name)) for each in _written(record)}
    if isinstance(record, Mapping):
        return {name: to_json(value) for name, value in record.items()}
    if isinstance(record, tuple):
        return [to_json(value) for value in record]
    return record


def _written(record: Any) -> Iterator[dataclasses.Field[Any]]:
    for each in dataclasses.fields(record):
        beside = each.metadata.get("written_with")
        is_written = each.default is dataclasses.MISSING or getattr(record, each.name) is not None
        if is_written or (beside and getattr(record, beside) is not None):
            yield each


def from_json(kind: type[Kind], found: Mapping[str, Any]) -> Kind:
    """A record of a kind from dictionaries; what no field is for is passed over.

    Raises:
        BadInput: a field is missing, or what is in its place could not be one; the line says which.
    """
    missing = [name for name in required(kind) if name not in found]
    if missing:
        raise BadInput(f"lacks {', '.join(missing)}")
    try:
        return msgspec.convert(dict(found), kind)
    except msgspec.ValidationError as error:
        field_name = str(error).partition("`$.")[2].partition("`")[0].partition(".")[0].partition("[")[0]
        raise BadInput(f"has no {field_name or 'value'} that could be one") from error


def required(kind: type) -> list[str]:
    """The fields that every record of a kind has a value for."""
    return [each.name for each in dataclasses.fields(kind) if each.default is dataclasses.MISSING]


def names(kind: type) -> tuple[str, ...]:
    """All the fields of a kind of record."""
    return tuple(each.name for each in dataclasses.fields(kind))
