"""pythae's beta-VAE with its residual networks for such images: a peer of the study.

The weight of the rate in pythae's loss is the variance of the normal noise that the loss is right for. So a fifth of
the time finds the error on validation images with a first weight, and the rest trains with that error as the weight.
Bytes have the same noise, cut into the 256 levels, its variance that of the validation images' errors. pythae's
networks want three channels: a grey image is repeated, and counted once. It imports nothing of freyvae.
"""

import math
import sys
from pathlib import Path

import torch
from pythae.models import BetaVAE, BetaVAEConfig
from pythae.models.nn.benchmarks import celeba, cifar

from studies.images.peer_loop import mean_bits, parts, say, train

LATENTS, BATCH, LEARNING_RATE = 32, 64, 1e-3
FIRST_VARIANCE, FIRST_SHARE = 0.01, 0.2
NETWORKS = {
    64: (celeba.Encoder_ResNet_VAE_CELEBA, celeba.Decoder_ResNet_AE_CELEBA),
    32: (cifar.Encoder_ResNet_VAE_CIFAR, cifar.Decoder_ResNet_AE_CIFAR),
}


def as_floats(images: torch.Tensor) -> torch.Tensor:
    """Bytes as three channels in [0, 1]."""
    return (images / 255.0).expand(-1, 3, -1, -1)


@torch.no_grad()
def variance_of_errors(model: BetaVAE, images: torch.Tensor) -> float:
    """The mean squared error of images, each reconstructed from one draw of its posterior."""
    squares = 0.0
    for chosen in images.split(BATCH):
        squares += (model({"data": as_floats(chosen)}).recon_x - as_floats(chosen)).square().mean().item() * len(chosen)
    return squares / len(images)


def log_mass(levels: torch.Tensor, location: torch.Tensor, deviation: float) -> torch.Tensor:
    """Log-probability of levels 0 to 255 under a normal cut into them, its locations in [0, 1]; ends take the tails."""
    upper = torch.where(levels < 255, ((levels + 0.5) / 255.0 - location) / deviation, math.inf)
    lower = torch.where(levels > 0, ((levels - 0.5) / 255.0 - location) / deviation, -math.inf)
    # of the two tails the one where numbers are small: Phi(b) - Phi(a) = Phi(-a) - Phi(-b)
    is_right = lower > 0
    upper, lower = torch.where(is_right, -lower, upper), torch.where(is_right, -upper, lower)
    most = torch.special.log_ndtr(upper)
    return most + torch.log1p(-torch.exp(torch.special.log_ndtr(lower) - most))


@torch.no_grad()
def nats(model: BetaVAE, images: torch.Tensor, deviation: float, samples: int) -> torch.Tensor:
    """-log p of each image, in nats, by importance sampling (Burda et al. 2016): (image,)."""
    encoded = model.encoder(as_floats(images))
    mean, log_variance = encoded.embedding, encoded.log_covariance
    weights = []
    for _ in range(samples):
        noise = torch.randn_like(mean)
        latents = mean + torch.exp(0.5 * log_variance) * noise
        made = model.decoder(latents)["reconstruction"]
        location = made if images.shape[1] == 3 else made.mean(1, keepdim=True)
        masses = log_mass(images.double(), location.double(), deviation).flatten(1).sum(1)
        # log p(z) - log q(z | x): the constants of both are the same
        rate = 0.5 * (noise.square() + log_variance - latents.square()).sum(1)
        weights.append(masses + rate)
    return math.log(samples) - torch.logsumexp(torch.stack(weights), 0)


def main(folder: str, seconds: float, samples: int, flips: bool) -> None:
    """Train, and print what validation and test images cost, as JSON."""
    torch.manual_seed(0)
    images = parts(Path(folder))
    channels, side = images["train"].shape[1:3]
    encoder, decoder = NETWORKS[side]
    # a grey image is three times in the error
    weight = 3.0 / channels
    config = BetaVAEConfig(input_dim=(3, side, side), latent_dim=LATENTS, beta=weight * FIRST_VARIANCE)
    model = BetaVAE(config, encoder(config), decoder(config))

    def trained(share: float) -> float:
        return train(
            model,
            lambda chosen: model({"data": as_floats(chosen)}).loss,
            images["train"],
            seconds=share * seconds,
            batch=BATCH,
            learning_rate=LEARNING_RATE,
            flips=flips,
        )

    epochs = trained(FIRST_SHARE)
    model.beta = weight * variance_of_errors(model, images["validation"])
    epochs += trained(1.0 - FIRST_SHARE)
    deviation = math.sqrt(variance_of_errors(model, images["validation"]))
    validation, test = (
        mean_bits(lambda chosen: nats(model, chosen, deviation, samples), images[name], batch=BATCH)
        for name in ("validation", "test")
    )
    say(model, epochs=epochs, val_bits_per_dim=validation, nll_bits_per_dim=test, samples=samples)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == "flips")
