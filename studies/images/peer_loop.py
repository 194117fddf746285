"""A training in PyTorch for so much processor time, as the study's peers are trained; imports nothing of freyvae."""

import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn


def parts(folder: Path) -> dict[str, torch.Tensor]:
    """The images of a folder's train.npy, validation.npy and test.npy: uint8 (image, channel, height, width)."""
    names = ("train", "validation", "test")
    return {name: torch.from_numpy(np.load(folder / f"{name}.npy")).permute(0, 3, 1, 2).contiguous() for name in names}


def train(
    model: nn.Module,
    loss: Callable[[torch.Tensor], torch.Tensor],
    images: torch.Tensor,
    *,
    seconds: float,
    batch: int,
    learning_rate: float,
    flips: bool,
) -> float:
    """Adam, its rate annealed along a cosine, until so much processor time is used; returns how many epochs it was.

    With `flips`, half of the images of a step are mirrored.
    """
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    model.train()
    began, shown, order = time.process_time(), 0, torch.randperm(0)
    while (used := time.process_time() - began) < seconds:
        optimizer.param_groups[0]["lr"] = learning_rate * max(0.02, 0.5 + 0.5 * math.cos(math.pi * used / seconds))
        if not len(order):
            order = torch.randperm(len(images))
        chosen, order = images[order[:batch]], order[batch:]
        if flips:
            mirrored = torch.rand(len(chosen), 1, 1, 1) < 0.5
            chosen = torch.where(mirrored, chosen.flip(-1), chosen)
        optimizer.zero_grad()
        loss(chosen).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        shown += len(chosen)
    model.eval()
    return shown / len(images)


@torch.no_grad()
def mean_bits(nats: Callable[[torch.Tensor], torch.Tensor], images: torch.Tensor, *, batch: int) -> float:
    """What images cost on average, in bits per dimension, of what each costs in nats."""
    total = sum(nats(chosen).sum().item() for chosen in images.split(batch))
    return total / (images.numel() * math.log(2.0))


def say(model: nn.Module, **found: Any) -> None:
    """Print what was found, and how many weights the model has, as a line of JSON."""
    print(json.dumps({**found, "weights": sum(weight.numel() for weight in model.parameters())}))
