"""freyvae's own `fit`: a whole epoch in one compiled program."""

import sys

from studies.speed.workload import BATCH, EPOCHS, LATENTS, NOISE, load, report

import freyvae

train, held_out = (pixels.reshape(-1, 28, 20, 1) for pixels in load(sys.argv[1]))
vae = freyvae.VAE(
    (28, 20, 1), LATENTS, likelihood="bernoulli", noise_scale=NOISE, average_distortion=True, seed=int(sys.argv[2])
)
vae.compile(optimizer="adam")
history: dict[str, list[float]] = {}


def fit(initial_epoch: int, epochs: int) -> None:
    history.update(
        vae.fit(
            train,
            validation_data=held_out,
            initial_epoch=initial_epoch,
            epochs=epochs,
            batch_size=BATCH,
            verbose=0,
        ).history
    )


report(lambda: fit(0, 1), lambda: fit(1, EPOCHS), lambda: (history["loss"][-1], history["val_loss"][-1]))
