"""Pictures of data, training and what was learned: each function returns a matplotlib Figure, ready for `savefig`."""

from freyvae.reporting.pictures.album import CAPTIONS, draw_all
from freyvae.reporting.pictures.curves import convergence
from freyvae.reporting.pictures.diagram import network
from freyvae.reporting.pictures.grids import examples, sample_images, samples
from freyvae.reporting.pictures.groups import groups
from freyvae.reporting.pictures.latent_codes import codes
from freyvae.reporting.pictures.latent_plane import manifold
from freyvae.reporting.pictures.nearest import nearest
from freyvae.reporting.pictures.oddest import oddest
from freyvae.reporting.pictures.reconstruction import reconstructions
from freyvae.reporting.pictures.saving import save_figure, save_images, save_rows
from freyvae.reporting.pictures.traversals import traversals
from freyvae.reporting.pictures.weights import first_layer_weights

__all__ = [
    "CAPTIONS",
    "codes",
    "convergence",
    "draw_all",
    "examples",
    "first_layer_weights",
    "groups",
    "manifold",
    "nearest",
    "network",
    "oddest",
    "reconstructions",
    "sample_images",
    "samples",
    "save_figure",
    "save_images",
    "save_rows",
    "traversals",
]
