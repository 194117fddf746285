"""All pictures of a run, each a PNG with a fixed name, and a line for each that is left out."""

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from freyvae.arguments import function, truth
from freyvae.errors import BadInput
from freyvae.files import as_path, write_whole
from freyvae.reporting.pictures.arguments import checked_model, checked_names, checked_parts
from freyvae.reporting.pictures.curves import convergence
from freyvae.reporting.pictures.diagram import network_diagram
from freyvae.reporting.pictures.grids import SAMPLES, examples, samples
from freyvae.reporting.pictures.latent_codes import codes
from freyvae.reporting.pictures.latent_plane import SIDE, manifold
from freyvae.reporting.pictures.mosaic import Array
from freyvae.reporting.pictures.reconstruction import RECONSTRUCTED, reconstructions
from freyvae.reporting.pictures.saving import png
from freyvae.reporting.pictures.weights import first_layer_weights

if TYPE_CHECKING:
    from freyvae.model import VAE

CAPTIONS = {
    "manifold": "Decoded images over two latents, at evenly spaced quantiles of the prior.",
    "reconstructions": "Held-out images, their reconstructions, and the difference: red where the reconstruction is "
    "too light, blue where it is too dark.",
    "convergence": "Free energy and its two parts by epoch. Lower is better; where validation turns up, "
    "the model overfits.",
    "codes": "Codes of the images in the latent space. Circles, or grey dots, show the prior.",
    "manifold_range": "Decoded images over the same two latents, evenly spaced over the range of the images' codes.",
    "samples": "Images that the model generates from latents drawn from the prior.",
    "examples": "Training images.",
    "weights": "Weights from the pixels to each unit of the first layer.",
    "network": "The layers of encoder and decoder, and the shapes of the arrays between them.",
}
OF_NO_PROGRAM = ("convergence", "examples", "weights", "network")  # which ask the model for nothing that is compiled


def draw_all(
    vae: "VAE",
    images: Mapping[str, Array],
    *,
    history: Mapping[str, Sequence[float]] | None,
    folder: str | Path,
    latent_names: Sequence[str] | None = None,
    is_video: bool = False,
    frames: Mapping[str, Array] | None = None,
    note: Callable[[str], None] | None = None,
) -> list[Path]:
    """Draw every picture as `<name>.png` in `folder`, in the order of `CAPTIONS`, each file whole or not there.

    `images` maps parts to uint8 images: the first is the training part; reconstructions are of the second where there
    is one. `frames`, alike, are the images' places in time where a split shuffled a video. Of more than two latents,
    the two whose codes vary most are drawn. What can't be drawn is left out, an old file of it removed, and `note`
    called with a line that says why (without `note`, it is logged).

    Raises:
        BadInput: there are no images, or the folder cannot be written.
    """
    vae, folder, is_video = checked_model(vae), as_path("folder", folder), truth("is_video", is_video)
    parts, latent_names = checked_parts(images), checked_names(latent_names)
    say = function("note", note) if note is not None else logging.getLogger("freyvae").warning
    train = next(iter(parts.values()))
    held_out = list(parts.values())[1] if len(parts) > 1 else train
    few = train[np.linspace(0, len(train) - 1, min(len(train), 1000)).round().astype(int)]
    means = np.asarray(vae.encode(few))
    latents = tuple(sorted(np.argsort(-means.var(axis=0), kind="stable")[:2].tolist()))

    drawings: dict[str, Callable[[], bytes]] = {
        "manifold": lambda: png(manifold(vae, latents=latents, latent_names=latent_names)),
        "reconstructions": lambda: png(reconstructions(vae, held_out)),
        "convergence": lambda: png(convergence({} if history is None else history)),
        "codes": lambda: png(
            codes(vae, parts, latents=latents, is_video=is_video, frames=frames, latent_names=latent_names)
        ),
        "manifold_range": lambda: png(
            manifold(vae, latents=latents, span=_ranges(means[:, latents]), latent_names=latent_names)
        ),
        "samples": lambda: png(samples(vae)),
        "examples": lambda: png(examples(train)),
        "weights": lambda: png(first_layer_weights(vae)),
        "network": lambda: network_diagram(vae, "png"),
    }
    written = {}

    def draw(name: str) -> None:
        path = folder / f"{name}.png"
        try:
            content = drawings[name]()
        except BadInput as reason:
            with suppress(FileNotFoundError, NotADirectoryError):
                path.unlink()
            say(f"{path.name} is left out: {reason}")
        else:
            write_whole(path, content)
            written[name] = path

    # XLA compiles outside of Python's lock: meanwhile the pictures are drawn that ask nothing of the model's programs
    reconstructed = min(RECONSTRUCTED, len(held_out))
    asked = [
        SIDE if vae.latent_dim == 1 else SIDE * SIDE,
        reconstructed,
        *([] if vae.autoregression is not None else [SAMPLES]),
    ]
    pool = ThreadPoolExecutor(1)
    try:
        compiled: list[Future[Any]] = [
            pool.submit(vae.prepare, encode=[reconstructed]),
            *(pool.submit(vae.prepare, decode=[count]) for count in asked),
            pool.submit(vae.sample_latents, SAMPLES),
        ]
        for name in filter(OF_NO_PROGRAM.__contains__, CAPTIONS):
            draw(name)
        for future in compiled:
            future.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    for name in CAPTIONS:
        if name not in OF_NO_PROGRAM:
            draw(name)
    return [written[name] for name in CAPTIONS if name in written]


def _ranges(means: Array) -> tuple[tuple[float, float], tuple[float, float]]:
    """From the 1 % to the 99 % quantile of the codes, for each of two latents (the same twice where there is one)."""
    bounds = np.quantile(means, [0.01, 0.99], axis=0).T.tolist()
    (low, high), (lowest, highest) = bounds[0], bounds[-1]
    return (low, high), (lowest, highest)
