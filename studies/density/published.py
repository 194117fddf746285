"""Published results for the Frey faces, in bits per dimension on a random test part of 200 frames.

All are from memory: neither paper was available when this was written. The frames were shuffled, as in our random
splits.
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
