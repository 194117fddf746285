"""How much does a program hold that decodes images?"""

import math

from freyvae.model import VAE

# so many times more numbers does a decoder hold that sees around each pixel: the windows of the pixels before
AUTOREGRESSIVE_FACTOR = 4


def decoded_values(vae: VAE) -> int:
    """About how many numbers are held of one image that is decoded and compared with its pixels."""
    values = math.prod(vae.image_shape) * vae.pixel_likelihood.parameters_per_value
    return values * AUTOREGRESSIVE_FACTOR if vae.autoregression is not None else values
