"""Published results, all from memory: no paper was available when this was written.

Those for the Frey faces are in bits per dimension on a random test part of 200 frames, which were shuffled, as in our
random splits. Those for the benchmark sets are of their published test images.
"""

from typing import NamedTuple

VAN_DEN_BERG = "van den Berg et al. 2018, the same protocol; from memory"
TOMCZAK = "Tomczak & Welling 2018, another random split; from memory"


class Published(NamedTuple):
    label: str
    nll_bits_per_dim: float
    source: str


PUBLISHED = (
    Published("plain VAE", 4.40, VAN_DEN_BERG),
    Published("VAE, planar flow", 4.31, VAN_DEN_BERG),
    Published("VAE, inverse autoregressive flow", 4.38, VAN_DEN_BERG),
    Published("VAE, orthogonal Sylvester flow", 4.39, VAN_DEN_BERG),
    Published("VAE, Householder Sylvester flow", 4.35, VAN_DEN_BERG),
    Published("VAE, triangular Sylvester flow", 4.35, VAN_DEN_BERG),
    Published("PixelHVAE with VampPrior", 4.38, TOMCZAK),
)


class PublishedOfSet(NamedTuple):
    set: str
    label: str
    nll: float
    unit: str
    source: str


_VAMP = "Tomczak & Welling 2018; from memory"
_PLAIN, _VAMP_PRIOR, _PIXELS = "VAE, one layer", "VAE, one layer, VampPrior", "PixelHVAE, two layers, VampPrior"
BENCHMARKS = (
    *(
        PublishedOfSet(name, label, nll, "nats", _VAMP)
        for name, of_models in {
            "static-mnist": (88.56, 85.57, 79.78),
            "dynamic-mnist": (84.50, 82.38, 78.45),
            "omniglot": (108.50, 104.75, 89.76),
            "caltech-silhouettes": (123.43, 114.55, 86.22),
        }.items()
        for label, nll in zip((_PLAIN, _VAMP_PRIOR, _PIXELS), of_models, strict=True)
    ),
    PublishedOfSet("cifar-10", "PixelCNN++", 2.92, "bits per dimension", "Salimans et al. 2017; from memory"),
    PublishedOfSet("cifar-10", "very deep VAE", 2.87, "bits per dimension", "Child 2021; from memory"),
)
