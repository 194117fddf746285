"""Pictures of data, training and what was learned: each function returns a matplotlib Figure, ready for `savefig`."""

from freyvae.pictures.album import CAPTIONS, draw_all
from freyvae.pictures.curves import convergence
from freyvae.pictures.diagram import network
from freyvae.pictures.grids import examples, sample_images, samples
from freyvae.pictures.latent_codes import codes
from freyvae.pictures.latent_plane import manifold
from freyvae.pictures.reconstruction import reconstructions
from freyvae.pictures.saving import save_figure, save_images
from freyvae.pictures.weights import first_layer_weights

__all__ = [
    "CAPTIONS",
    "codes",
    "convergence",
    "draw_all",
    "examples",
    "first_layer_weights",
    "manifold",
    "network",
    "reconstructions",
    "sample_images",
    "samples",
    "save_figure",
    "save_images",
]
