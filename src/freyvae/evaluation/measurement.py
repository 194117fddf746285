"""How good is a run, on images it was not trained on? The measures, written into its folder."""

import importlib.util
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from freyvae import metrics
from freyvae.arguments import function, one_of, whole
from freyvae.codes import names_of_latents
from freyvae.console import Progress, checked_progress, silence
from freyvae.data import fit_images, numbered, pixels_sha256, synthetic_faces
from freyvae.data.loading import kind_of_source
from freyvae.data.pixels import evenly_spaced, part_of
from freyvae.errors import BadInput
from freyvae.files import replacing
from freyvae.kept_parts import computed_by, keeping
from freyvae.metrics import standard_error
from freyvae.metrics.findings import findings
from freyvae.metrics.label_scores import MOST_FITTED, MOST_SCORED
from freyvae.metrics.measure import Seen
from freyvae.metrics.measures import MEASURES as OTHER_MEASURES
from freyvae.metrics.nearest import Posteriors
from freyvae.model import VAE, Likelihood
from freyvae.recipe import LARGEST_SEED, Recipe
from freyvae.records import (
    Baseline,
    Factors,
    LabelScores,
    Latent,
    MeasuredWith,
    Measurement,
    Refined,
    names,
    to_json,
)
from freyvae.run import Run, opened
from freyvae.training import TrainingData, load_training_data
from freyvae.version import __version__

PARTS = ("test", "validation", "training")
MOST_SAMPLES = 10**6  # a day's work for a small model: more are a slip of the hand
IMAGES_FORMAT = 1  # of measured.npz
# the keys that a measurement adds to metrics.json
MEASURES = names(Measurement)
# drawn faces to fit what predicts the factors, and as many to score it: each the first frame of a video of its own, so
# that factors are independent, which they are not within a video; the training's video is that of seed 0
FACES_OF_EACH = 1000


def load_measured_data(run: Run) -> TrainingData:
    """The images that a run was trained on and held out. Raises `BadInput` when they are gone, or others now."""
    recipe = run.recipe
    try:
        kind_of_source(recipe.data.source)
    except BadInput:
        raise BadInput(
            f"{recipe.data.source}, which {run.folder} was trained on, is not there any more: move it back"
        ) from None
    try:
        data = load_training_data(recipe)
    except BadInput:
        if recipe.data.levels is not None:
            raise
        # runs of before there were levels: 16 bits were divided by 257, however few of them were used
        data = load_training_data(recipe.replace(levels="0:65535"))
    if data.images.fingerprint != run.training.data_sha256:
        raise BadInput(
            f"{run.recipe.data.source} holds other images now than those that {run.folder} was trained on: bring these "
            "back, or train anew"
        )
    return data


def images_of_part(run: Run, data: TrainingData, part: str) -> Any:
    """The test, validation or training images, uint8 (image, height, width, channel): an array, or `Pixels`.

    Raises `BadInput` when there is no such part, or nothing in it.
    """
    _check_part(part)
    chosen = _chosen(data, part)
    if not len(chosen):
        raise BadInput(
            f'{run.folder} has no {part} images: choose another part with split="validation", '
            "or train with test=... above 0"
        )
    return part_of(data.images.images, chosen)


def _chosen(data: TrainingData, part: str) -> np.ndarray:
    return {"test": data.split.test, "validation": data.split.validation, "training": data.split.train}[part]


def _check_part(part: str) -> None:
    one_of("split", part, PARTS)


def measure(
    run: Run | str | Path,
    *,
    samples: int = 5000,
    refine: int = 0,
    split: str = "test",
    seed: int = 0,
    progress: bool | Progress = False,
    say: Callable[[str], None] | None = None,
) -> Measurement:
    """Measure a finished run on its held-out images, and write what was found into its folder.

    `metrics.json` gets the measures beside those of training, keys ending in their unit, and `measured.npz` the
    likelihood of each image, for `compare`. The test images are for reading once, at the end: nothing is chosen on
    them here.

    Args:
        run: a finished run, or its folder.
        samples: importance samples for each image; memory does not depend on it.
        refine: steps of gradient descent by which each image's posterior is refined for a second estimate, usually a
            tighter one (`metrics.importance_sampled`); 50 are enough for most. JAX only.
        split: `test`, `validation` or `training`.
        seed: of the draws.
        progress: told how far it is; True draws a bar on stderr, if that is a terminal.
        say: told where an interrupted measurement is gone on with, a line.

    Returns:
        what was found.

    Raises:
        BadInput: the split is unknown or holds no images, the images are not those of the training any more, an
            argument is out of range, the run's files are damaged or of a newer version, or posteriors are to be refined
            on another backend than JAX.
    """
    _check_part(split)
    run, progress = opened(run), checked_progress(progress)
    say = silence if say is None else function("say", say)
    samples = whole("samples", samples, at_least=1, at_most=MOST_SAMPLES)
    refine = whole("refine", refine, at_least=0)
    seed = whole("seed", seed, at_least=0, at_most=LARGEST_SEED)
    with run.lock():
        others = {key: value for key, value in run.read_metrics().items() if key not in MEASURES}
        data = load_measured_data(run)
        images = images_of_part(run, data, split)
        began = time.perf_counter()
        vae = run.load_model()

        def known_by() -> str:
            refined = f" refined by {refine}" if refine else ""
            return (
                f"likelihoods {computed_by(run.model_path)} {data.images.fingerprint} {split} {samples} {seed}{refined}"
            )

        with keeping(run.measured_path, known_by, say) as kept:
            likelihood = metrics.importance_sampled(
                vae, images, samples=samples, refine=refine, seed=seed, progress=progress, kept=kept
            )
            found = _measurement(
                vae,
                run.recipe,
                data,
                images,
                likelihood,
                refine=refine,
                history=run.read_history(),
                split=split,
                seed=seed,
                began=began,
            )
            with replacing(run.measured_path) as path:
                np.savez(
                    path,
                    format=IMAGES_FORMAT,
                    images_sha256=found.images_sha256,
                    nll_nats=likelihood.nll,
                    free_energy_nats=likelihood.free_energy,
                )
            run.write_metrics(others | to_json(found), changed=run.measured_path)
    return found


def _measurement(
    vae: VAE,
    recipe: Recipe,
    data: TrainingData,
    images: np.ndarray,
    likelihood: metrics.SampledLikelihood,
    *,
    refine: int,
    history: Mapping[str, Sequence[float]],
    split: str,
    seed: int,
    began: float,
) -> Measurement:
    # of a bit per dimension
    nats_per_bit = images[0].size * math.log(2.0) if vae.pixel_likelihood.is_probability_of_bytes else None
    codes = vae.encode(images)
    seen = Seen(
        vae=vae,
        images=images,
        train=data.train,
        codes=codes,
        history=history,
        is_held_out=split != "training",
        keeps_best=bool(recipe.training.patience),
    )
    active = metrics.is_active(codes)
    latents = names_of_latents(vae.latent_dim, recipe.latent_names)
    rmse = metrics.rmse_grey_levels(vae, images)
    baselines = _baselines(vae, data, images)
    mean_image_nll = metrics.mean_image_nll_nats(data.train, images, vae.pixel_likelihood).mean()
    healthy, verdict = metrics.verdict(
        active=active,
        names=latents,
        rmse_grey_levels=rmse,
        mean_image_rmse_grey_levels=metrics.mean_image_rmse_grey_levels(data.train, images),
        nll_nats=likelihood.nll.mean(),
        mean_image_nll_nats=mean_image_nll,
        is_top_group=bool(vae.groups_below),
        is_one_image=len(images) == 1,
    )
    kl_per_latent = metrics.kl_per_latent_nats(vae, images)
    nll_se = standard_error(likelihood.nll)
    found = Measurement(
        nll_is=vae.pixel_likelihood.kind,
        free_energy_nats=float(likelihood.free_energy.mean()),
        rate_nats=float(likelihood.rate.mean()),
        rates_of_groups_nats=tuple(map(float, likelihood.rates.mean(axis=0))) if vae.groups_below else None,
        distortion_nats=float(likelihood.distortion.mean()),
        nll_nats=float(likelihood.nll.mean()),
        nll_nats_se=nll_se,
        free_energy_bits_per_dim=_per_bit(float(likelihood.free_energy.mean()), nats_per_bit),
        nll_bits_per_dim=_per_bit(float(likelihood.nll.mean()), nats_per_bit),
        nll_bits_per_dim_se=_per_bit(nll_se, nats_per_bit),
        nll_samples=max(likelihood.nll_by_samples),
        nll_nats_by_samples={str(count): float(nll.mean()) for count, nll in likelihood.nll_by_samples.items()},
        refined=_refined(likelihood.refined, refine, nats_per_bit),
        rmse_grey_levels=rmse,
        active_units=int(active.sum()),
        latent_dim=vae.latent_dim,
        latents={
            # with a flow or a learned prior latents are not independent, and have no KL of their own
            name: Latent(kl_nats=None if kl_per_latent is None else float(kl_per_latent[i]), active=bool(alive))
            for i, (name, alive) in enumerate(zip(latents, active, strict=True))
        },
        baselines=baselines,
        is_healthy=healthy,
        verdict=verdict,
        factors=_factors(vae, latents) if data.images.factors is not None and _can_score_factors() else None,
        label_scores=_label_scores(vae, data, split),
        other_measures=_other_measures(seen),
        findings=tuple(findings(seen)),
        measured_split=split,
        images=len(images),
        images_sha256=pixels_sha256(images),
        measured_with=MeasuredWith(
            freyvae=__version__,
            keras=keras.__version__,
            backend=keras.backend.backend(),
            seed=seed,
            seconds=time.perf_counter() - began,
        ),
        measured_notes=(),
    )
    return replace(found, measured_notes=tuple(_notes(vae, data, found)))


def _refined(likelihood: metrics.SampledLikelihood | None, steps: int, nats_per_bit: float | None) -> Refined | None:
    """The record of a likelihood with refined posteriors."""
    if likelihood is None:
        return None
    nll, error = float(likelihood.nll.mean()), standard_error(likelihood.nll)
    return Refined(
        steps=steps,
        free_energy_nats=float(likelihood.free_energy.mean()),
        nll_nats=nll,
        nll_nats_se=error,
        nll_bits_per_dim=_per_bit(nll, nats_per_bit),
        nll_bits_per_dim_se=_per_bit(error, nats_per_bit),
    )


def _per_bit(nats: float | None, nats_per_bit: float | None) -> float | None:
    """Nats as bits per dimension; None where there are none, or no probability of bytes."""
    return None if nats is None or nats_per_bit is None else nats / nats_per_bit


def constant_baselines(likelihood: Likelihood, train: np.ndarray, images: np.ndarray) -> dict[str, Baseline]:
    """What images cost under constants, which need no training: around the mean training image, and at least."""
    rmse = metrics.mean_image_rmse_grey_levels(train, images)
    baselines = {"mean_image": _cost(metrics.mean_image_nll_nats(train, images), images, rmse_grey_levels=rmse)}
    if not likelihood.is_probability_of_bytes:
        nll = metrics.mean_image_nll_nats(train, images, likelihood)
        baselines["mean_image_same_likelihood"] = Baseline(nll_nats=float(nll.mean()), nll_nats_se=standard_error(nll))
    least = likelihood.least_nats(images)
    if least is not None:
        baselines[f"{likelihood.name}_floor"] = Baseline(nll_nats=least)
    return baselines


def _cost(nll: np.ndarray, images: np.ndarray, **others: float) -> Baseline:
    """Of -log P of the bytes of each image, (image,), in nats."""
    mean = float(nll.mean())
    bits = images[0].size * math.log(2.0)
    return Baseline(nll_nats=mean, nll_nats_se=standard_error(nll), nll_bits_per_dim=mean / bits, **others)


def _baselines(vae: VAE, data: TrainingData, images: np.ndarray) -> dict[str, Baseline]:
    """What the same images cost without the model; bits are those of probabilities of the bytes, or of files."""
    baselines = constant_baselines(vae.pixel_likelihood, data.train, images)
    gaussian = metrics.FullGaussian.fit(data.train, data.validation)
    if gaussian is not None:
        baselines["full_gaussian"] = _cost(
            gaussian.nll_nats(images), images, shrinkage=gaussian.regularization.shrinkage
        )
    for name, size in metrics.lossless_bits_per_dim(images).items():
        baselines[name] = Baseline(bits_per_dim=size)
    return baselines


def _other_measures(seen: Seen) -> dict[str, float] | None:
    """The number of each of `metrics/measures/`, where it is defined."""
    found = {name: measure.of(seen) for name, measure in OTHER_MEASURES.items()}
    return {name: value for name, value in found.items() if value is not None} or None


def _can_score_factors() -> bool:
    """Whether the extra `factors` is installed."""
    return importlib.util.find_spec("sklearn") is not None


def _factors(vae: VAE, names: Sequence[str]) -> Factors:
    """How latents and the known factors go together, on faces of the same man that no training has seen."""
    (codes, factors), (apart_codes, apart_factors) = (
        _faces_with_factors(vae, range(first, first + FACES_OF_EACH)) for first in (1, 1 + FACES_OF_EACH)
    )
    scores = metrics.factor_scores(codes, factors, apart_codes, apart_factors)
    return Factors(
        r2={
            name: dict(zip(scores.factors, map(float, row), strict=True))
            for name, row in zip(names, scores.r2, strict=True)
        },
        r2_all_latents=dict(zip(scores.factors, map(float, scores.informativeness), strict=True)),
        mutual_information_gap=scores.mutual_information_gap,
        dci_disentanglement=scores.disentanglement,
        dci_completeness=scores.completeness,
        dci_informativeness=float(scores.informativeness.mean()),
    )


def _faces_with_factors(vae: VAE, seeds: range) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Codes (image, latent) of one drawn face a seed, and the factors that drew them, each (image,)."""
    faces = [synthetic_faces(1, seed=seed) for seed in seeds]
    factors = [face.factors or {} for face in faces]
    truth = {name: np.concatenate([one[name] for one in factors]) for name in factors[0]}
    images = fit_images(np.concatenate([face.images for face in faces]), vae.image_shape[:2], grey=False)
    return vae.encode(images), truth


def _label_scores(vae: VAE, data: TrainingData, part: str) -> LabelScores | None:
    """How well labels are told from codes, fitted on training images and scored on others.

    None where there are no labels, or one alone, or no others.
    """
    if data.images.labels is None or part == "training":
        return None
    _, labels = numbered(data.images.labels)
    train, apart = (
        indices[evenly_spaced(len(indices), most)]
        for indices, most in ((data.split.train, MOST_FITTED), (_chosen(data, part), MOST_SCORED))
    )
    known: list[Any] = []
    for indices in (train, apart):
        images = part_of(data.images.images, indices)
        known += [Posteriors.of(vae, images), images, labels[indices]]
    return metrics.label_scores(*known)


def _notes(vae: VAE, data: TrainingData, found: Measurement) -> list[str]:
    """What a reader must know before believing a measure."""
    split, bits = found.measured_split, found.nll_bits_per_dim
    notes = [data.split.note] if data.split.note and split != "training" else []
    if split == "validation":
        notes.append("Measured on validation images, which choices are made on: the test images are the honest ones.")
    elif split == "training":
        notes.append("Measured on the images that the model was trained on: no figure of how good it is on others.")
    notes += vae.pixel_likelihood.said_of(part_of(data.images.images, _chosen(data, split)), split)
    if vae.noise_scale != 1.0:
        notes.append(
            f"Measured with the model's own posterior, of deviation 1; in training its noise was scaled by "
            f"{vae.noise_scale:g}."
        )
    if not (vae.posterior_choice.is_diagonal_normal and vae.prior_choice.is_standard_normal):
        notes.append(
            f"With the posterior {vae.posterior_choice.name} and the prior {vae.prior_choice.name} the rate has no "
            "closed form, and none for each latent: it is estimated with the same draws as the distortion."
        )
    if found.refined is not None:
        which = "posteriors of the top group of latents" if vae.groups_below else "posteriors"
        notes.append(
            f"Refined {which} were moved by gradient descent for each image: another bound of the same likelihood. "
            "Figures of papers are by the encoder's posteriors, as all others here are."
        )
    if data.images.is_video and split != "training":
        notes.append(
            "Neighbouring frames of a video are alike: the standard error takes them as independent and is too small."
        )
    if data.images.factors is not None and found.factors is None:
        notes.append("How well latents predict the known factors is left out: pip install 'freyvae[factors]'")
    if data.images.labels is not None and found.label_scores is None and split != "training":
        notes.append("What labels can be read from codes is left out: it takes ten training images and two labels.")
    gaussian = found.baselines.get("full_gaussian")
    if gaussian is None:
        notes.append("The full-covariance Gaussian is left out: the images have too many values for a covariance.")
    elif bits is not None and gaussian.nll_bits_per_dim is not None and bits > gaussian.nll_bits_per_dim:
        notes.append(
            "One Gaussian with a full covariance and no latents gives these images more probability than the model."
        )
    lossless = [cost.bits_per_dim for cost in found.baselines.values() if cost.bits_per_dim is not None]
    if bits is not None and lossless and min(lossless) < bits:
        notes.append(
            f"A lossless file format stores these images in {min(lossless):.2f} bits per dimension, fewer than the "
            "model's."
        )
    return notes
