"""A network after PixelCNN++ (Salimans et al. 2017), written plainly in PyTorch: a peer of the study.

Two streams of gated residual blocks, one of the rows above and one of these and the pixels to the left; three
resolutions with short-cuts; a mixture of logistics whose locations move with the channels before. Smaller than theirs,
for the time of a training here, without weight normalisation and dropout. It imports nothing of freyvae.
"""

import math
import sys
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from studies.images.peer_loop import mean_bits, parts, say, train

MIXED, LEVELS, BLOCKS, LEARNING_RATE = 5, 3, 1, 2e-3


def both_signs(values: torch.Tensor) -> torch.Tensor:
    return functional.elu(torch.cat([values, -values], 1))


class Above(nn.Conv2d):
    """A convolution that sees a pixel's row and those above, to both sides."""

    def __init__(self, before: int, after: int, size: tuple[int, int] = (2, 3), stride: int = 1):
        super().__init__(before, after, size, stride)
        self.pad = (size[1] // 2, size[1] // 2, size[0] - 1, 0)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return super().forward(functional.pad(values, self.pad))


class AboveAndLeft(Above):
    """A convolution that sees, of a pixel's row and those above, nothing to the right."""

    def __init__(self, before: int, after: int, size: tuple[int, int] = (2, 2), stride: int = 1):
        super().__init__(before, after, size, stride)
        self.pad = (size[1] - 1, 0, size[0] - 1, 0)


class Block(nn.Module):
    """A gated residual block, which is told `others` channels beside its own."""

    def __init__(self, kind: type[Above], width: int, others: int = 0):
        super().__init__()
        self.first, self.second = kind(2 * width, width), kind(2 * width, 2 * width)
        self.others = nn.Conv2d(2 * others, width, 1) if others else None

    def forward(self, values: torch.Tensor, others: torch.Tensor | None = None) -> torch.Tensor:
        hidden = self.first(both_signs(values))
        if self.others is not None:
            hidden = hidden + self.others(both_signs(others))
        value, gate = self.second(both_signs(hidden)).chunk(2, 1)
        return values + value * torch.sigmoid(gate)


class Pair(nn.Module):
    """A block in each stream; on the way up in resolution each is told what lay there on the way down."""

    def __init__(self, width: int, *, is_up: bool):
        super().__init__()
        self.above = Block(Above, width, width * is_up)
        self.left = Block(AboveAndLeft, width, width * (1 + is_up))

    def forward(self, above: torch.Tensor, left: torch.Tensor, *there: torch.Tensor) -> tuple[torch.Tensor, ...]:
        above = self.above(above, there[0] if there else None)
        return above, self.left(left, torch.cat([above, *there[1:]], 1))


class PixelCNN(nn.Module):
    """Of images uint8 (image, channel, height, width), whose sides are divisible by 4."""

    def __init__(self, channels: int, width: int):
        super().__init__()
        self.channels = channels
        self.start_above = Above(channels + 1, width)
        self.row_above = Above(channels + 1, width, (1, 3))
        self.column_left = AboveAndLeft(channels + 1, width, (2, 1))
        self.down = nn.ModuleList(nn.ModuleList(Pair(width, is_up=False) for _ in range(BLOCKS)) for _ in range(LEVELS))
        self.up = nn.ModuleList(
            nn.ModuleList(Pair(width, is_up=True) for _ in range(BLOCKS + (level > 0))) for level in range(LEVELS)
        )
        size = {"size": (2, 3), "stride": 2}, {"size": (2, 2), "stride": 2}
        kinds = (Above, AboveAndLeft)
        self.smaller = nn.ModuleList(
            nn.ModuleList(kind(width, width, **of) for kind, of in zip(kinds, size, strict=True))
            for _ in range(LEVELS - 1)
        )
        self.larger = nn.ModuleList(
            nn.ModuleList(nn.ConvTranspose2d(width, width, 2, 2) for _ in kinds) for _ in range(LEVELS - 1)
        )
        self.last = nn.Conv2d(width, self.numbers, 1)

    @property
    def numbers(self) -> int:
        """Of a pixel: logits, a location and a log-scale a channel, coefficients of the channels before."""
        return MIXED * (1 + 2 * self.channels + self.channels * (self.channels - 1) // 2)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Parameters of each pixel given those before, (image, number, height, width)."""
        values = images / 127.5 - 1.0
        values = torch.cat([values, torch.ones_like(values[:, :1])], 1)
        # moved down by a row, or to the right by a column: a pixel does not see itself
        above = moved(self.start_above(values), down=1)
        left = moved(self.row_above(values), down=1) + moved(self.column_left(values), right=1)
        there = [(above, left)]
        for level, blocks in enumerate(self.down):
            for block in blocks:
                there.append(block(*there[-1]))
            if level < LEVELS - 1:
                there.append(tuple(down(one) for down, one in zip(self.smaller[level], there[-1], strict=True)))
        above, left = there.pop()
        for level, blocks in enumerate(self.up):
            for block in blocks:
                above, left = block(above, left, *there.pop())
            if level < LEVELS - 1:
                above, left = (larger(one) for larger, one in zip(self.larger[level], (above, left), strict=True))
        return self.last(functional.elu(left))

    def nats(self, images: torch.Tensor) -> torch.Tensor:
        """-log p of each image, in nats: (image,)."""
        values = images / 127.5 - 1.0
        count, channels = MIXED, self.channels
        made = self(images)
        logits, made = made[:, :count], made[:, count:]
        locations, log_scales, before = made.unflatten(1, (count, -1)).split(
            [channels, channels, channels * (channels - 1) // 2], 2
        )
        before, number, moved_locations = torch.tanh(before), 0, []
        for channel in range(channels):
            location = locations[:, :, channel]
            for other in range(channel):
                location = location + before[:, :, number] * values[:, None, other]
                number += 1
            moved_locations.append(location)
        masses = log_mass(values[:, None], torch.stack(moved_locations, 2), log_scales.clamp(min=-7.0)).sum(2)
        return -torch.logsumexp(masses + torch.log_softmax(logits, 1), 1).sum((1, 2))


def moved(values: torch.Tensor, *, down: int = 0, right: int = 0) -> torch.Tensor:
    return functional.pad(values, (right, -right, down, -down))


def log_mass(values: torch.Tensor, location: torch.Tensor, log_scale: torch.Tensor) -> torch.Tensor:
    """Log-probability of a level in [-1, 1] under a logistic cut into 256 of them; the ends take the tails."""
    inverse = torch.exp(-log_scale)
    upper, lower = ((values + step / 255.0 - location) * inverse for step in (1.0, -1.0))
    below_top, above_bottom = values < 0.999, values > -0.999
    width = torch.log(-torch.expm1(-2.0 / 255.0 * inverse))
    nothing = torch.zeros_like(upper)
    return (
        torch.where(below_top, functional.logsigmoid(upper), nothing)
        + torch.where(above_bottom, functional.logsigmoid(-lower), nothing)
        + torch.where(below_top & above_bottom, width, nothing)
    )


def main(folder: str, seconds: float, width: int, batch: int, flips: bool) -> None:
    """Train, and print what validation and test images cost, as JSON."""
    torch.manual_seed(0)
    images = parts(Path(folder))
    dimensions = images["train"][0].numel() * math.log(2.0)
    model = PixelCNN(images["train"].shape[1], width)
    epochs = train(
        model,
        lambda chosen: model.nats(chosen).mean() / dimensions,
        images["train"],
        seconds=seconds,
        batch=batch,
        learning_rate=LEARNING_RATE,
        flips=flips,
    )
    bits = {name: mean_bits(model.nats, images[name], batch=50) for name in ("validation", "test")}
    say(model, epochs=epochs, val_bits_per_dim=bits["validation"], nll_bits_per_dim=bits["test"])


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5] == "flips")
