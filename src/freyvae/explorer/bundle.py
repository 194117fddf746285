"""Collects what the explorer's page needs from a model and its images, in a versioned format.

A bundle is `{"header": ..., "blobs": ...}`. The header is JSON, and describes the blobs, which are little-endian bytes.
`web/bundle/read.js` reads it.
"""

import math
import sys
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from freyvae.codes import names_of_latents, widest_latents
from freyvae.data.channels import OF_PICTURES
from freyvae.data.labels import most_frequent
from freyvae.data.pixels import evenly_spaced
from freyvae.errors import BadInput
from freyvae.explorer.density import measure_density
from freyvae.explorer.frames import pack_frames
from freyvae.explorer.graph import Graph, read_graph
from freyvae.explorer.groups import KeptGroups
from freyvae.explorer.likeness import reconstruction_percentiles
from freyvae.explorer.projection import Projection
from freyvae.explorer.scores import KeptScores
from freyvae.palette import LABELS, channel_colours

FORMAT = 1

MOST_POINTS = 100_000
MOST_CODE_VALUES = 1_600_000  # points times latents
MOST_FRAME_VALUES = 4_000_000  # frames times pixels times channels
MOST_ENCODER_WEIGHTS = 4_000_000
HALF_PRECISION_ABOVE = 200_000  # weights
GREY_LEVELS_LOST = 0.5  # largest error that half precision may cause
MOST_NAME_BYTES = 1_000_000
PRIOR_DRAWS = 1000  # draws of a learned prior, from which the page picks its random codes

PARTS = ("training", "validation", "test")


@dataclass(frozen=True)
class Bundle:
    """The data of a page.

    Attributes:
        header: JSON values; `header["blobs"]` has the size and checksum of each blob.
        blobs: the bytes, by name.
        notes: remarks for the user, such as an encoder that was left out.
    """

    header: dict[str, Any]
    blobs: dict[str, bytes]
    notes: tuple[str, ...] = ()


def make_bundle(
    vae: Any,
    images: npt.NDArray[np.uint8],
    *,
    title: str,
    names: Sequence[str] = (),
    parts: npt.NDArray[np.uint8] | None = None,
    is_video: bool = False,
    labels: Sequence[str] | None = None,
    labels_of_all: Iterable[str] | None = None,
    groups: KeptGroups | None = None,
    scores: KeptScores | None = None,
    projection: Projection | None = None,
    files: Sequence[str] | None = None,
    sample_of: int = 0,
    numbers: npt.NDArray[np.int64] | None = None,
) -> Bundle:
    """Collect the data of a page.

    Args:
        vae: a `freyvae.VAE`.
        images: uint8 (image, height, width, channel), in the order of time if there is one.
        title: title of the page.
        names: names of the first latents; the rest are numbered.
        parts: uint8 (image,): 0 for training, 1 for validation, 2 for test; by default all are for training.
        is_video: whether the order is time.
        labels: of the images.
        labels_of_all: where these are some of them, of all.
        groups: of the images.
        scores: of the images.
        projection: the map of the images, `within_plane`.
        files: their names, by which the page finds them, unless they take more than `MOST_NAME_BYTES`.
        sample_of: how many there are, where these are some of them at even distances.
        numbers: int64 (image,), then: which of all they are, from 0.

    Raises:
        BadInput: the decoder has a layer, or the likelihood a mean, that the page cannot compute.
    """
    if sys.byteorder != "little":  # pragma: no cover
        raise BadInput("the explorer's page is written on little-endian machines only")
    blobs: dict[str, bytes] = {}
    decoder = read_graph(vae.generator, name="decoder")
    decoder.check_page_can_compute()
    encoder, encoder_missing = _servable_encoder(vae)
    left_out = _left_out(vae)
    parts = np.zeros(len(images), np.uint8) if parts is None else parts
    kept = evenly_spaced(len(images), min(MOST_POINTS, max(1, MOST_CODE_VALUES // vae.latent_dim)))
    codes, deviations = vae.encode(images), vae.posterior_deviations(images)
    training = parts == 0 if (parts == 0).any() else np.ones(len(images), bool)
    held_out = ~training if not training.all() else training
    density = measure_density(codes[training], vae.noise_scale * deviations[training])
    frames = evenly_spaced(len(kept), max(1, MOST_FRAME_VALUES // math.prod(vae.image_shape)))
    blobs["codes"] = codes[kept].astype("<f4").tobytes()
    blobs["numbers"] = (kept if numbers is None else numbers[kept]).astype("<i4").tobytes()
    blobs["parts"] = parts[kept].tobytes()
    blobs["frames"], frames_packed = pack_frames(images[kept[frames]])
    blobs["frame-points"] = frames.astype("<i4").tobytes()
    for name, values in density.items():
        blobs[f"density-{name}"] = values.astype("<f4").tobytes()
    prior_draws = vae.sample_latents(PRIOR_DRAWS) if not vae.prior_choice.is_standard_normal else None
    if prior_draws is not None:
        blobs["prior-draws"] = prior_draws.astype("<f4").tobytes()
    half = decoder.weight_count > HALF_PRECISION_ABOVE and _half_precision_serves(vae, codes)
    named, label_numbers = most_frequent(labels or (), len(LABELS), among=labels_of_all)
    if labels is not None:
        blobs["labels"] = label_numbers[kept].tobytes()
    if groups is not None:
        groups = groups.at_most(len(LABELS))
        blobs["groups"] = groups.numbers[kept].tobytes()
    group_names = [] if groups is None else list(groups.names)
    if scores is not None:
        blobs["scores"] = scores.shares[kept].astype("<f4").tobytes()
    if files is not None:
        shown_files = "\n".join(files[number].replace("\n", " ") for number in kept.tolist()).encode(errors="replace")
        if len(shown_files) <= MOST_NAME_BYTES:
            blobs["files"] = shown_files
    if projection is not None and projection.method == "pca" and vae.latent_dim > 2:
        projection = None  # the plane is the same, and knows the way back to the codes
    if projection is not None:
        blobs["map"] = projection.points[kept].astype("<f4").tobytes()
    many = vae.latent_dim > 2
    if many:
        # late, since it imports Keras
        from freyvae.explorer.many_latents import PrincipalPlane, order_of_latents, typical_point

        plane = PrincipalPlane.of(codes, deviations)
        blobs["plane"] = np.stack([plane.middle, *plane.rows, *plane.steps]).astype("<f4").tobytes()
        shown = np.flatnonzero(held_out[kept[frames]])
        start = typical_point(codes[kept], frames[shown] if len(shown) else frames)
    header: dict[str, Any] = {
        "format": FORMAT,
        "title": title,
        "imageShape": list(vae.image_shape),
        "channelColours": [list(colour) for colour in channel_colours(vae.image_shape[2])],
        "images": len(images),
        "sampleOf": sample_of,
        "isVideo": is_video,
        "parts": list(PARTS),
        "labels": named,
        "labelColours": list(LABELS[: len(named)]),
        "groups": group_names,
        "groupBy": "" if groups is None else groups.by,
        "groupColours": list(LABELS[: len(group_names)]),
        "score": "" if scores is None else scores.by,
        "map": "" if projection is None else projection.method.upper(),
        "latents": _latents(vae, codes, names, prior_draws),
        "order": order_of_latents(vae, images, codes, deviations) if many else None,
        "plane": {"ranges": plane.ranges, "explained": plane.explained} if many else None,
        "start": start if many else None,
        "points": len(kept),
        "frames": len(frames),
        "framesPacked": frames_packed,
        "density": {"references": len(density["references"])},
        "decoder": _network(decoder, "decoder", blobs, half=half),
        "encoder": None
        if encoder is None
        else _network(encoder, "encoder", blobs, half=encoder.weight_count > HALF_PRECISION_ABOVE),
        "encoderMissing": encoder_missing,
        "leftOut": left_out,
        "likeness": {
            "percentiles": reconstruction_percentiles(vae, images[held_out], codes[held_out]),
            "of": "images" if training.all() else "held-out images",
        },
    }
    header["blobs"] = {name: [len(blob), zlib.adler32(blob)] for name, blob in blobs.items()}
    return Bundle(header, blobs, tuple(filter(None, (left_out, encoder_missing))))


def _latents(
    vae: Any, codes: npt.NDArray[np.float32], names: Sequence[str], prior_draws: npt.NDArray[np.float32] | None
) -> dict[str, Any]:
    """Names, units and ranges of the sliders.

    The unit is a standard deviation of the prior. If the noise was scaled down, it is the noise's deviation, and the
    range is the post's, -15 to 15 in steps of 3. A learned prior has no fixed range, so its sliders are in units of the
    latents, and reach as far as its draws.
    """
    unit = float(vae.noise_scale) if 0 < vae.noise_scale < 1 else 1.0
    reach = float(np.quantile(np.abs(codes), 0.999)) / unit
    if prior_draws is not None:
        reach = max(reach, float(np.quantile(np.abs(prior_draws), 0.999)))
    if unit == 1.0:
        limit, step = float(max(4, math.ceil(reach))), 0.05
        limit = limit if prior_draws is not None else min(limit, 12.0)
        plane = min(max(3.0, math.ceil(2 * reach) / 2), limit)
    else:
        limit, step, plane = 15.0, 3.0, 15.0
    return {
        "count": vae.latent_dim,
        "names": names_of_latents(vae.latent_dim, names),
        "unit": unit,
        "limit": limit,
        "step": step,
        "plane": plane,
        "axes": widest_latents(codes),
        "priorDraws": 0 if prior_draws is None else len(prior_draws),
    }


def _left_out(vae: Any) -> str:
    """What the model draws that the page does not; "" where it shows all."""
    left_out = []
    below = sum(details.latents for details in vae.groups_below)
    if below:
        left_out.append(
            f"the sliders move the top group of latents; details, which {below:,} latents below it draw, are left out"
        )
    if vae.pixel_likelihood.is_autoregressive:
        left_out.append(
            "the page shows what the code alone says; what each pixel takes from the pixels before it is left out: "
            "`freyvae sample` draws whole images"
        )
    return "; ".join(left_out)


def _servable_encoder(vae: Any) -> tuple[Graph | None, str]:
    """The encoder, or None and the reason why the page cannot hold it."""
    cannot = "own pictures cannot be dropped on this page"
    if vae.image_shape[2] not in OF_PICTURES:
        channels = vae.image_shape[2]
        return None, f"{cannot}: a picture is grey or colour, and the model's images have {channels} channels"
    cannot += " as a file, only when `freyvae explore` serves it"
    if not vae.posterior_choice.is_diagonal_normal:
        flow = vae.posterior_choice.name
        return None, f"{cannot}: their codes go through the posterior's flow ({flow}), which it cannot compute"
    try:
        graph = read_graph(vae.encoder)
        graph.check_page_can_compute()
    except BadInput as reason:
        return None, f"{cannot}: {reason}"
    if graph.weight_count > MOST_ENCODER_WEIGHTS:
        weights, most = f"{graph.weight_count:,}", f"{MOST_ENCODER_WEIGHTS:,}"
        return None, f"{cannot}: the encoder has {weights} weights, and a page holds at most {most}"
    return graph, ""


def _half_precision_serves(vae: Any, codes: npt.NDArray[np.float32]) -> bool:
    """Whether decoded pixels stay within half a grey level when the decoder's weights are float16."""
    import keras

    # codes of the data, and codes elsewhere under the prior
    noise = np.random.default_rng(0).standard_normal((64, vae.latent_dim))
    latents = np.concatenate([codes[evenly_spaced(len(codes), 64)], noise]).astype(np.float32)
    # the page computes in float32, even if the model computes in bfloat16
    decoder = keras.models.clone_model(
        vae.decoder, clone_function=lambda layer: type(layer).from_config({**layer.get_config(), "dtype": "float32"})
    )

    def pixels(dtype: type) -> npt.NDArray[np.float32]:
        decoder.set_weights([weights.astype(dtype).astype(np.float32) for weights in vae.decoder.get_weights()])
        decoded: npt.NDArray[np.float32] = keras.ops.convert_to_numpy(vae.pixel_likelihood.mean(decoder(latents)))
        return decoded

    return bool(np.abs(pixels(np.float16) - pixels(np.float32)).max() * 255 <= GREY_LEVELS_LOST)


def _network(graph: Graph, blob: str, blobs: dict[str, bytes], *, half: bool) -> dict[str, Any]:
    """A graph as JSON. Its weights are concatenated in one blob; `start` counts numbers, not bytes."""
    packed: list[npt.NDArray[np.float32]] = []
    start = 0
    steps = []
    for step in graph.steps:
        weights = {}
        for name, values in step.weights.items():
            weights[name] = {"start": start, "shape": list(values.shape)}
            packed.append(values.ravel())
            start += values.size
        steps.append(
            {
                "op": step.op,
                "inputs": list(step.inputs),
                "output": step.output,
                "shape": list(step.shape),
                "options": step.options,
                "weights": weights,
            }
        )
    everything = np.concatenate(packed) if packed else np.zeros(0, np.float32)
    blobs[blob] = everything.astype("<f2" if half else "<f4").tobytes()
    return {
        "blob": blob,
        "precision": "half" if half else "single",
        "inputShape": list(graph.input_shape),
        "outputs": list(graph.outputs),
        "steps": steps,
    }
