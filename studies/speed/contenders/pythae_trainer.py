"""pythae's own trainer and VAE, with the post's networks, noise and loss.

The progress bar (`TQDM_DISABLE`) and the log are switched off, since they take time.
"""

import logging
import os
import sys
import tempfile
import time

os.environ["TQDM_DISABLE"] = "1"

import torch
from pythae.data.datasets import BaseDataset
from pythae.models import VAE, VAEConfig
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseEncoder
from pythae.trainers import BaseTrainer, BaseTrainerConfig
from pythae.trainers.training_callbacks import TrainingCallback
from studies.speed.workload import ADAM_EPSILON, BATCH, EPOCHS, HIDDEN, LATENTS, LEARNING_RATE, NOISE, PIXELS, load, say
from torch import nn
from torch.nn.functional import binary_cross_entropy

logging.disable(logging.INFO)


class Encoder(BaseEncoder):
    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Sequential(nn.Linear(PIXELS, HIDDEN), nn.ReLU())
        self.mean, self.log_variance = nn.Linear(HIDDEN, LATENTS), nn.Linear(HIDDEN, LATENTS)

    def forward(self, images):
        hidden = self.hidden(images)
        return ModelOutput(embedding=self.mean(hidden), log_covariance=self.log_variance(hidden))


class Decoder(BaseDecoder):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(LATENTS, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, PIXELS), nn.Sigmoid())

    def forward(self, latents):
        return ModelOutput(reconstruction=self.layers(latents))


class PostVAE(VAE):
    """The post's two choices in place of pythae's: noise of deviation 0.01, cross-entropy averaged over pixels."""

    def _sample_gauss(self, mu, std):
        noise = NOISE * torch.randn_like(std)
        return mu + noise * std, noise

    def loss_function(self, recon_x, x, mu, log_var, z):
        distortion = binary_cross_entropy(recon_x, x)
        kl = -0.5 * (1.0 + log_var - mu.square() - log_var.exp()).sum(-1).mean()
        return distortion + kl, distortion, kl


class Clock(TrainingCallback):
    """Records the time at the end of each epoch, with its validation, and its losses."""

    def __init__(self) -> None:
        self.ends: list[float] = []
        self.losses: dict[str, float] = {}

    def on_epoch_end(self, training_config, **kwargs):
        self.ends.append(time.perf_counter())

    def on_log(self, training_config, logs, **kwargs):
        self.losses = logs


seed = int(sys.argv[2])
torch.manual_seed(seed)
train, held_out = (
    BaseDataset(torch.from_numpy(pixels).float() / 255.0, torch.zeros(len(pixels))) for pixels in load(sys.argv[1])
)
config = VAEConfig(input_dim=(PIXELS,), latent_dim=LATENTS, reconstruction_loss="bce")
model = PostVAE(config, encoder=Encoder(), decoder=Decoder())
for layer in model.modules():
    if isinstance(layer, nn.Linear):
        nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(layer.bias)
clock = Clock()
with tempfile.TemporaryDirectory() as folder:
    trainer = BaseTrainer(
        model,
        train,
        held_out,
        BaseTrainerConfig(
            output_dir=folder,
            num_epochs=EPOCHS,
            per_device_train_batch_size=BATCH,
            per_device_eval_batch_size=BATCH,
            learning_rate=LEARNING_RATE,
            optimizer_params={"eps": ADAM_EPSILON},
            seed=seed,
        ),
        callbacks=[clock],
    )
    began = time.perf_counter()
    trainer.train()
first, last = clock.ends[0], clock.ends[-1]
say(first - began, last - first, clock.losses["train_epoch_loss"], clock.losses["eval_epoch_loss"])
