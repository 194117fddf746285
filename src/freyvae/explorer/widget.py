"""The explorer as a widget for notebooks: the page's script in an anywidget. It decodes in the browser."""

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from freyvae.arguments import instance, several, text
from freyvae.data.images import ImageSet, as_images
from freyvae.errors import BadInput
from freyvae.explorer.bundle import make_bundle
from freyvae.explorer.page import script_of, stylesheet
from freyvae.model import VAE


def widget_of(vae: Any, images: npt.ArrayLike | ImageSet, *, names: tuple[str, ...] = (), title: str = "VAE") -> Any:
    """The widget of a model and images. Arguments and errors are those of `explore`."""
    widget_class = _widget_class()
    vae, title = instance("vae", vae, VAE, hint="freyvae.load(path) reads one"), text("title", title)
    names = tuple(text("names", name) for name in several("names", names))
    is_video = isinstance(images, ImageSet) and images.is_video
    pixels = as_images(images)
    if pixels.shape[1:] != tuple(vae.image_shape):
        raise BadInput(f"the images are {pixels.shape[1:]}, but this model takes {tuple(vae.image_shape)}")
    bundle = make_bundle(vae, pixels, title=title, names=names, is_video=is_video)
    return widget_class(vae, bundle)


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
