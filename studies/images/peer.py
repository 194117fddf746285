"""A plain convolutional VAE in PyTorch, as a person would write it in an afternoon; the study's peer.

Strided convolutions of 4 x 4 down to 4 x 4 pixels and transposed ones back, a normal likelihood with one learned scale,
Adam. It is run in the environment of `make bench-peers`, so it imports nothing of freyvae.
"""

import itertools
import json
import math
import sys
import time

import numpy as np
import torch
from torch import nn

LATENTS, BATCH, LEARNING_RATE = 16, 64, 1e-3
CHANNELS = (32, 64, 128, 256)


class VAE(nn.Module):
    """Of colour images of 64 x 64."""

    def __init__(self) -> None:
        super().__init__()
        down, up = (3, *CHANNELS), (*CHANNELS[::-1], 3)
        encoder: list[nn.Module] = []
        for before, after in itertools.pairwise(down):
            encoder += [nn.Conv2d(before, after, 4, stride=2, padding=1), nn.ReLU()]
        self.encoder = nn.Sequential(*encoder, nn.Flatten(), nn.Linear(16 * CHANNELS[-1], 2 * LATENTS))
        decoder: list[nn.Module] = [nn.Linear(LATENTS, 16 * CHANNELS[-1]), nn.Unflatten(1, (CHANNELS[-1], 4, 4))]
        for before, after in itertools.pairwise(up):
            decoder += [nn.ReLU(), nn.ConvTranspose2d(before, after, 4, stride=2, padding=1)]
        self.decoder = nn.Sequential(*decoder, nn.Sigmoid())
        self.log_scale = nn.Parameter(torch.tensor(-2.0))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """The free energy of images in [0, 1], averaged over them, in nats but for a constant."""
        mean, log_variance = self.encoder(images).chunk(2, dim=1)
        latents = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        squares = (images - self.decoder(latents)).square().flatten(1).sum(1)
        distortion = 0.5 * squares * torch.exp(-2.0 * self.log_scale) + images[0].numel() * self.log_scale
        rate = 0.5 * (mean.square() + log_variance.exp() - 1.0 - log_variance).sum(1)
        return (distortion + rate).mean()

    @torch.no_grad()
    def reconstruct(self, images: torch.Tensor) -> torch.Tensor:
        """By posterior means."""
        return self.decoder(self.encoder(images).chunk(2, dim=1)[0])


def main(train_path: str, test_path: str, out: str, seconds: float, samples: int) -> None:
    """Train for so many seconds of processor time; save samples; print the test images' RMSE as JSON."""
    torch.manual_seed(0)
    train, test = (torch.from_numpy(np.load(path)).permute(0, 3, 1, 2) / 255.0 for path in (train_path, test_path))
    vae = VAE()
    optimizer = torch.optim.Adam(vae.parameters(), lr=LEARNING_RATE)
    began, epochs = time.process_time(), 0
    while time.process_time() - began < seconds:
        for chosen in torch.randperm(len(train)).split(BATCH):
            optimizer.zero_grad()
            vae(train[chosen]).backward()
            optimizer.step()
        epochs += 1
    used = time.process_time() - began
    with torch.no_grad():
        error = (vae.reconstruct(test) - test).square().mean().item()
        drawn = vae.decoder(torch.randn(samples, LATENTS))
    np.save(out, (255.0 * drawn).round().to(torch.uint8).permute(0, 2, 3, 1).numpy())
    weights = sum(weight.numel() for weight in vae.parameters())
    found = {"rmse_grey_levels": 255.0 * math.sqrt(error), "epochs": epochs, "processor_seconds": used}
    print(json.dumps({**found, "weights": weights}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4]), int(sys.argv[5]))
