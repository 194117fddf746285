"""A plain PyTorch loop as in tutorials, except that the images are in one tensor. `compile` compiles the step.

It runs on a GPU if PyTorch has one, and a compiled step is then one graph of its kernels.
"""

import sys

import torch
from studies.speed.workload import (
    ADAM_EPSILON,
    BATCH,
    EPOCHS,
    HIDDEN,
    LATENTS,
    LEARNING_RATE,
    NOISE,
    PIXELS,
    load,
    report,
)
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

device = "cuda" if torch.cuda.is_available() else "cpu"
torch.set_float32_matmul_precision("high")
torch.manual_seed(int(sys.argv[2]))
train, held_out = (torch.from_numpy(pixels).float().to(device) / 255.0 for pixels in load(sys.argv[1]))


class VAE(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(PIXELS, HIDDEN), nn.ReLU())
        self.mean, self.log_variance = nn.Linear(HIDDEN, LATENTS), nn.Linear(HIDDEN, LATENTS)
        self.decoder = nn.Sequential(nn.Linear(LATENTS, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, PIXELS))
        for layer in self.modules():
            if isinstance(layer, nn.Linear):
                nn.init.xavier_uniform_(layer.weight)
                nn.init.zeros_(layer.bias)

    def forward(self, images):
        hidden = self.encoder(images)
        mean, log_variance = self.mean(hidden), self.log_variance(hidden)
        latents = mean + torch.exp(0.5 * log_variance) * NOISE * torch.randn_like(mean)
        kl = -0.5 * (1.0 + log_variance - mean.square() - log_variance.exp()).sum(-1).mean()
        return binary_cross_entropy_with_logits(self.decoder(latents), images) + kl


vae = VAE().to(device)
# "reduce-overhead": as one graph, on a GPU; on a CPU it is the default
loss_of = torch.compile(vae, mode="reduce-overhead") if "compile" in sys.argv else vae
optimizer = torch.optim.Adam(vae.parameters(), lr=LEARNING_RATE, eps=ADAM_EPSILON)
losses = [0.0, 0.0]


def epochs(count: int) -> None:
    for _ in range(count):
        order = torch.randperm(len(train), device=device)
        total = torch.zeros((), device=device)
        for chosen in order.split(BATCH):
            optimizer.zero_grad()
            loss = loss_of(train[chosen])
            loss.backward()
            optimizer.step()
            total += loss.detach()
        with torch.no_grad():
            losses[:] = float(total) / (len(train) // BATCH), float(loss_of(held_out))


report(lambda: epochs(1), lambda: epochs(EPOCHS - 1), lambda: (losses[0], losses[1]))
