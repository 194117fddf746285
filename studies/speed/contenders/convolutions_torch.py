"""The networks of `convolution_networks` in PyTorch, trained in a plain loop. The images are in one tensor.

On a GPU, if PyTorch has one, with the layout and the precision that are fast there (TensorFloat-32, as in JAX).

    python -m studies.speed.contenders.convolutions_torch NETWORK IMAGES BATCH ENOUGH [compile]
"""

import json
import statistics
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

LATENTS = 16
SHAPES = {"residual": (64, 64, 3), "gated": (28, 20, 1)}
CHANNELS = (32, 64, 64)


class Block(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.first, self.second = (nn.Conv2d(channels, channels, 3, padding=1) for _ in range(2))

    def forward(self, values):
        return values + self.second(torch.relu(self.first(torch.relu(values))))


class Gated(nn.Module):
    def __init__(self, kind, given, made, kernel, **options):
        super().__init__()
        self.value, self.gate = (kind(given, made, kernel, **options) for _ in range(2))

    def forward(self, values):
        return self.value(values) * torch.sigmoid(self.gate(values))


class Heads(nn.Module):
    def __init__(self, features, bounded):
        super().__init__()
        self.mean, self.log_variance = nn.Linear(features, LATENTS), nn.Linear(features, LATENTS)
        self.bounded = bounded

    def forward(self, features):
        log_variance = self.log_variance(features)
        if self.bounded:
            low, high = np.log(0.01), np.log(7.0)
            log_variance = low + (high - low) * torch.nn.functional.hardsigmoid(log_variance)
        return self.mean(features), log_variance


def residual(height, width, channels):
    down, given = [], channels
    for made in CHANNELS:
        down += [nn.PixelUnshuffle(2), nn.Conv2d(4 * given, made, 3, padding=1), Block(made)]
        given = made
    size = (given, height >> len(CHANNELS), width >> len(CHANNELS))
    up = [nn.Linear(LATENTS, int(np.prod(size))), nn.Unflatten(1, size)]
    for made in (*reversed(CHANNELS[:-1]), channels):
        up += [Block(given), nn.Conv2d(given, 4 * made, 3, padding=1), nn.PixelShuffle(2)]
        given = made
    encoder = nn.Sequential(*down, nn.ReLU(), nn.Flatten(), Heads(int(np.prod(size)), bounded=False))
    return encoder, nn.Sequential(*up)


def gated(height, width, channels, first=32):
    size = (height // 4, width // 4)
    down, given = [], channels
    for made, stride in ((first, 1), (first, 2), (2 * first, 1), (2 * first, 2), (2 * first, 1)):
        down.append(Gated(nn.Conv2d, given, made, 5, stride=stride, padding=2))
        given = made
    down += [Gated(nn.Conv2d, given, 8 * first, size), nn.Flatten(), Heads(8 * first, bounded=True)]
    doubling = {"stride": 2, "padding": 2, "output_padding": 1}
    up = [
        nn.Unflatten(1, (LATENTS, 1, 1)),
        Gated(nn.ConvTranspose2d, LATENTS, 2 * first, size),
        Gated(nn.Conv2d, 2 * first, 2 * first, 5, padding=2),
        Gated(nn.ConvTranspose2d, 2 * first, first, 5, **doubling),
        Gated(nn.Conv2d, first, first, 5, padding=2),
        Gated(nn.ConvTranspose2d, first, first, 5, **doubling),
        Gated(nn.Conv2d, first, first, 5, padding=2),
        nn.Conv2d(first, channels, 5, padding=2),
        nn.Conv2d(channels, channels, 1),
    ]
    return nn.Sequential(*down), nn.Sequential(*up)


name, count, batch, enough = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
shape = SHAPES[name]
device = "cuda" if torch.cuda.is_available() else "cpu"
torch.set_float32_matmul_precision("high")
torch.backends.cudnn.benchmark = True
torch.manual_seed(0)
pixels = np.random.default_rng(0).integers(0, 256, (count, *shape), dtype=np.uint8)
images = torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous().float().to(device) / 255.0
encoder, decoder = (network.to(device) for network in {"residual": residual, "gated": gated}[name](*shape))
if device == "cuda":
    images = images.to(memory_format=torch.channels_last)
    encoder, decoder = (network.to(memory_format=torch.channels_last) for network in (encoder, decoder))
optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()])


def free_energy(images):
    mean, log_variance = encoder(images)
    logits = decoder(mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean))
    distortion = binary_cross_entropy_with_logits(logits, images, reduction="sum") / len(images)
    return distortion - 0.5 * (1.0 + log_variance - mean.square() - log_variance.exp()).sum(-1).mean()


loss_of = torch.compile(free_energy, mode="reduce-overhead") if "compile" in sys.argv else free_energy


def epoch():
    total = torch.zeros((), device=device)
    for chosen in torch.randperm(count, device=device).split(batch):
        optimizer.zero_grad()
        loss = loss_of(images[chosen])
        loss.backward()
        optimizer.step()
        total += loss.detach() * len(chosen)
    return float(total) / count


seconds, losses = [], []
while len(seconds) < 2 or sum(seconds[1:]) < enough:
    began = time.perf_counter()
    losses.append(epoch())
    seconds.append(time.perf_counter() - began)
weights = sum(one.numel() for network in (encoder, decoder) for one in network.parameters())
print(
    json.dumps({"a_second": count / statistics.median(seconds[1:] or seconds), "loss": losses[0], "weights": weights})
)
