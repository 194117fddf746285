"""All pictures of a run, each a PNG with a fixed name, and a line for each that is left out."""

import importlib
import logging
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from freyvae.arguments import function, truth
from freyvae.codes import widest_latents
from freyvae.data.pixels import evenly_chosen
from freyvae.errors import BadInput
from freyvae.files import as_path, write_whole
from freyvae.mosaic import Array
from freyvae.reporting.pictures import grids, reconstruction
from freyvae.reporting.pictures.arguments import checked_model, checked_names, checked_parts
from freyvae.reporting.pictures.latent_plane import SIDE
from freyvae.reporting.pictures.picture import Picture, PicturedRun
from freyvae.reporting.pictures.traversals import LATENTS, STEPS

if TYPE_CHECKING:
    from freyvae.model import VAE


def _listed() -> dict[str, Picture]:
    """Name -> picture, of all modules of this package, in their places."""
    names = [module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]) if module.name != "album"]
    modules = [importlib.import_module(f"freyvae.reporting.pictures.{name}") for name in names]
    found = [picture for module in modules for picture in getattr(module, "PICTURES", ())]
    return {picture.name: picture for picture in sorted(found, key=attrgetter("place"))}


PICTURES = _listed()
CAPTIONS = {name: picture.caption for name, picture in PICTURES.items()}


def draw_all(
    vae: "VAE",
    images: Mapping[str, Array],
    *,
    history: Mapping[str, Sequence[float]] | None,
    folder: str | Path,
    latent_names: Sequence[str] | None = None,
    is_video: bool = False,
    frames: Mapping[str, Array] | None = None,
    labels: Mapping[str, Sequence[str]] | None = None,
    note: Callable[[str], None] | None = None,
    then: Callable[[Path], Any] | None = None,
) -> list[Path]:
    """Draw every picture as `<name>.png` in `folder`, in the order of `CAPTIONS`, each file whole or not there.

    `images` maps parts to uint8 images: the first is the training part; reconstructions are of the second where there
    is one. `frames`, alike, are the images' places in time where a split shuffled a video, and `labels` their labels.
    Of more than two latents, the codes of the two that vary most are drawn, and traversals in place of the manifold.
    What can't be drawn is left out, an old file of it removed, and `note` called with a line that says why (without
    `note`, it is logged). `then` is called with each path as soon as it is written.

    Raises:
        BadInput: there are no images, or the folder cannot be written.
    """
    vae, folder, is_video = checked_model(vae), as_path("folder", folder), truth("is_video", is_video)
    parts, latent_names = checked_parts(images), checked_names(latent_names)
    say = function("note", note) if note is not None else logging.getLogger("freyvae").warning
    tell = function("then", then) if then is not None else None
    train = next(iter(parts.values()))
    few = evenly_chosen(train, 1000)
    means = np.asarray(vae.encode(few))
    run = PicturedRun(
        vae=vae,
        parts=parts,
        history={} if history is None else history,
        means=means,
        latents=tuple(widest_latents(means)),
        latent_names=latent_names,
        is_video=is_video,
        frames=frames,
        labels=labels,
    )
    written = {}
    suitable = [name for name in CAPTIONS if PICTURES[name].suits(run)]
    for name in CAPTIONS.keys() - suitable:
        with suppress(FileNotFoundError, NotADirectoryError):
            (folder / f"{name}.png").unlink()

    def draw(name: str) -> None:
        path = folder / f"{name}.png"
        try:
            content = PICTURES[name].draw(run)
        except BadInput as reason:
            with suppress(FileNotFoundError, NotADirectoryError):
                path.unlink()
            say(f"{path.name} is left out: {reason}")
        else:
            write_whole(path, content)
            written[name] = path
            if tell is not None:
                tell(path)

    # XLA compiles outside of Python's lock: meanwhile the pictures are drawn that ask nothing of the model's programs
    reconstructed = reconstruction.in_report(vae.image_shape, len(run.held_out))["count"]
    sampled = grids.in_report(vae.image_shape, grids.SAMPLES)["count"]
    asked = [
        {1: SIDE, 2: SIDE * SIDE}.get(vae.latent_dim, min(LATENTS, vae.latent_dim) * STEPS),
        reconstructed,
        *([] if vae.has_to_draw else [sampled]),
    ]
    pool = ThreadPoolExecutor(1)
    try:
        compiled: list[Future[Any]] = [
            pool.submit(vae.prepare, encode=[reconstructed]),
            *(pool.submit(vae.prepare, decode=[count]) for count in asked),
            pool.submit(vae.sample_latents, sampled),
        ]
        for name in suitable:
            if not PICTURES[name].runs_model:
                draw(name)
        for future in compiled:
            future.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    for name in suitable:
        if PICTURES[name].runs_model:
            draw(name)
    return [written[name] for name in CAPTIONS if name in written]
