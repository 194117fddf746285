"""The explorer as a widget for notebooks: the page's script in an anywidget. It decodes in the browser."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from freyvae.arguments import instance, several, text
from freyvae.data.images import ImageSet, as_images
from freyvae.errors import BadInput
from freyvae.explorer.bundle import PARTS, make_bundle
from freyvae.explorer.page import script_of, stylesheet
from freyvae.model import VAE


def widget_of(
    vae: Any, images: npt.ArrayLike | ImageSet | Mapping[str, Any], *, names: tuple[str, ...] = (), title: str = "VAE"
) -> Any:
    """The widget of a model and images. Arguments and errors are those of `explore`."""
    widget_class = _widget_class()
    vae, title = instance("vae", vae, VAE, hint="freyvae.load(path) reads one"), text("title", title)
    names = tuple(text("names", name) for name in several("names", names))
    pixels, parts = _of_parts(images) if isinstance(images, Mapping) else (as_images(images), None)
    is_video = isinstance(images, ImageSet) and images.is_video
    labels = images.labels if isinstance(images, ImageSet) else None
    if pixels.shape[1:] != tuple(vae.image_shape):
        raise BadInput(f"the images are {pixels.shape[1:]}, but this model takes {tuple(vae.image_shape)}")
    bundle = make_bundle(vae, pixels, title=title, names=names, parts=parts, is_video=is_video, labels=labels)
    return widget_class(vae, bundle)


def _of_parts(images: Mapping[str, Any]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """All images, and the number of the part that each is of. Raises `BadInput` for another part, or none."""
    unknown = set(images).difference(PARTS)
    if unknown or not images:
        raise BadInput(f"images must be one of {', '.join(PARTS)}, or several of them by these names, not {[*images]}")
    pixels = {part: as_images(images[part], name=f"{part} images") for part in PARTS if part in images}
    if len({own.shape[1:] for own in pixels.values()}) > 1:
        raise BadInput("the images of all parts must have the same size")
    parts = [np.full(len(own), PARTS.index(part), np.uint8) for part, own in pixels.items()]
    return np.concatenate(list(pixels.values())), np.concatenate(parts)


@cache
def _widget_class() -> Any:
    """The widget's class, defined when it is first used, since anywidget is an optional dependency."""
    try:
        import anywidget
        import traitlets
    except ImportError as error:
        raise BadInput("the notebook's widget needs the extra: pip install 'freyvae[notebook]'") from error

    class ExplorerWidget(anywidget.AnyWidget):
        """The explorer of a model, in a notebook."""

        _esm = script_of("widget")
        _css = stylesheet()
        _header = traitlets.Dict().tag(sync=True)
        _blobs = traitlets.Dict().tag(sync=True)
        latents = traitlets.List(traitlets.Float()).tag(sync=True)

        def __init__(self, vae: Any, bundle: Any):
            self._vae = vae
            codes = np.frombuffer(bundle.blobs["codes"], "<f4").reshape(-1, vae.latent_dim)
            start = bundle.header["start"]
            latents = [0.0] * vae.latent_dim if start is None else codes[start].tolist()
            super().__init__(_header=bundle.header, _blobs=bundle.blobs, latents=latents)

        @traitlets.validate("latents")
        def _check_latents(self, proposal: Any) -> list[float]:
            values = [float(value) for value in proposal["value"]]
            if len(values) != self._vae.latent_dim or not np.isfinite(values).all():
                raise BadInput(f"latents must be {self._vae.latent_dim} finite numbers, not {values}")
            return values

        @property
        def image(self) -> npt.NDArray[np.uint8]:
            """The decoded image, uint8 (height, width, channel)."""
            pixels: npt.NDArray[np.float32] = self._vae.decode([self.latents])[0]
            return np.rint(255 * pixels).astype(np.uint8)

        @image.setter
        def image(self, image: npt.ArrayLike) -> None:
            array = np.asarray(image)
            pixels = as_images(array[None], name="image")
            self.latents = [float(value) for value in self._vae.encode(pixels)[0]]

    return ExplorerWidget
