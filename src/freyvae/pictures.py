"""Pictures of data, training and what was learned: each function returns a matplotlib Figure, ready for `savefig`."""

from freyvae.reporting.pictures import (
    CAPTIONS,
    codes,
    convergence,
    draw_all,
    examples,
    first_layer_weights,
    manifold,
    network,
    oddest,
    reconstructions,
    sample_images,
    samples,
    save_figure,
    save_images,
    save_rows,
)

__all__ = [
    "CAPTIONS",
    "codes",
    "convergence",
    "draw_all",
    "examples",
    "first_layer_weights",
    "manifold",
    "network",
    "oddest",
    "reconstructions",
    "sample_images",
    "samples",
    "save_figure",
    "save_images",
    "save_rows",
]
