"""What a training needs is estimated within a factor of two of what XLA allocates, and refused in a line."""

import jax
import numpy as np
import pytest

import freyvae
from freyvae.cores import cores
from freyvae.engine import memory
from freyvae.engine.draws import share_of_batch
from freyvae.engine.keras_internals import gradients_of_step, values_of_layers
from freyvae.engine.memory import bytes_of_training, check_training
from freyvae.engine.shares import shares_of_step
from freyvae.engine.training import state_of
from freyvae.errors import BadInput
from freyvae.model import POSTERIORS, VAE
from freyvae.model.likelihoods import MixtureOfLogistics
from freyvae.model.objectives import ImportanceWeighted

DENSE = freyvae.networks.Dense(hidden=(256, 256))
CONVOLUTIONAL = freyvae.networks.Convolutional(width=8)


def compiled_vae(network, shape, **changes):
    vae = VAE(shape, 2, network=network, seed=0, **changes)
    vae.compile(optimizer="adam")
    vae.optimizer.build(vae.trainable_variables)
    return vae


def allocated(vae, images):
    """Bytes of temporary values and gradients of a step, as XLA plans it. The weights are its arguments."""
    size = len(images)
    shares = shares_of_step(vae, size) if vae.network.name == "convolutional" else 1

    def step(state, batch):
        return vae.train_step(state, (batch,))[1]

    def share(state, batch):
        with share_of_batch(np.int32(0), size):
            return gradients_of_step(vae, state, batch)

    function, donated = (step, (0,)) if shares == 1 else (share, ())
    planned = (
        jax.jit(function, donate_argnums=donated).lower(state_of(vae), images[: size // shares]).compile()
    ).memory_analysis()
    if shares == 1:
        return planned.temp_size_in_bytes
    # as many at once as there are cores; each adds its gradients to a sum, and of the sums a mean is taken
    together, gradients = min(shares, cores()), planned.output_size_in_bytes
    return together * (planned.temp_size_in_bytes + 2 * gradients) + gradients


@pytest.mark.parametrize(
    ("network", "shape", "changes"),
    [
        (DENSE, (28, 20, 1), {"likelihood": "bernoulli"}),
        (DENSE, (28, 20, 1), {"likelihood": "mixture-of-logistics"}),
        (DENSE, (16, 16, 5), {"likelihood": "discretized-logistic"}),
        (CONVOLUTIONAL, (16, 16, 3), {"likelihood": "discretized-logistic"}),
        (DENSE, (28, 20, 1), {"likelihood": "mixture-of-logistics", "autoregressive": True}),
        (DENSE, (16, 16, 3), {"likelihood": "mixture-of-logistics", "autoregressive": True}),
        (DENSE, (28, 20, 1), {"likelihood": MixtureOfLogistics(autoregressive=True, thinning=4)}),
        (DENSE, (16, 16, 3), {"likelihood": MixtureOfLogistics(autoregressive=True, thinning=8)}),
        (DENSE, (6, 5, 1), {"likelihood": "bernoulli", "posterior": "inverse-autoregressive", "flow_length": 32}),
    ],
    ids=[
        "dense",
        "dense, mixture",
        "dense, five channels",
        "convolutional",
        "pixels before",
        "nearby",
        "rows of pixels before",
        "rows of nearby",
        "flow",
    ],
)
def test_the_estimate_is_within_a_factor_of_two_of_what_is_allocated(network, shape, changes):
    vae = compiled_vae(network, shape, **changes)
    images = np.random.default_rng(0).integers(0, 256, (64, *shape), dtype=np.uint8)
    needed = bytes_of_training(vae, [images], 64)
    assert needed.images == images.nbytes
    assert 0.5 < (needed.weights + needed.activations) / allocated(vae, images) < 2


@pytest.mark.parametrize(
    "more",
    [{"autoregressive": True}, *({"posterior": name} for name in POSTERIORS if name != "diagonal-normal")],
    ids=lambda more: next(iter(more.values())),
)
@pytest.mark.parametrize("shape", [(6, 5, 1), (6, 5, 3)])
def test_a_flow_and_the_pixels_before_need_more(shape, more):
    choices = {"network": DENSE, "likelihood": MixtureOfLogistics(scale_per="code"), "seed": 0}
    if "autoregressive" in more:
        more = {"likelihood": MixtureOfLogistics(scale_per="code", autoregressive=True)}
    plain, with_more = VAE(shape, 2, **choices), VAE(shape, 2, **choices | more)
    assert with_more.values_of_image > plain.values_of_image + values_of_layers(with_more.encoder) - values_of_layers(
        plain.encoder
    )


def test_of_several_draws_every_row_is_kept():
    choices = {"network": DENSE, "likelihood": MixtureOfLogistics(autoregressive=True, thinning=3), "seed": 0}
    one, two = (VAE((6, 5, 1), 2, objective=ImportanceWeighted(samples=draws), **choices) for draws in (1, 2))
    assert two.values_of_image > 3 * one.values_of_image


def test_activations_grow_with_the_batch_and_slots_count_until_the_optimizer_is_built():
    vae = VAE((6, 5, 1), 2, network=DENSE, seed=0)
    vae.compile(optimizer="adam")
    images = np.zeros((40, 6, 5, 1), np.uint8)
    before = bytes_of_training(vae, [images], 10)
    vae.optimizer.build(vae.trainable_variables)
    after = bytes_of_training(vae, [images], 20)
    weights = 4 * sum(int(np.prod(weight.shape)) for weight in vae.trainable_variables)
    assert (before.weights, after.weights) == (3 * weights, weights)
    assert after.activations == 2 * before.activations


def test_of_several_accelerators_each_has_its_own_images_of_a_batch(monkeypatch):
    """Host devices share the memory of their machine."""
    vae = VAE((6, 5, 1), 2, network=DENSE, seed=0)
    vae.compile(optimizer="adam", run_eagerly=True)
    images = np.zeros((40, 6, 5, 1), np.uint8)
    before = [bytes_of_training(vae, [images], size).activations for size in (20, 10)]
    monkeypatch.setattr(memory, "_devices_of_batch", lambda size: 4 if size % 4 == 0 else 1)
    assert [bytes_of_training(vae, [images], size).activations for size in (20, 10)] == [before[0] // 4, before[1]]


def test_the_values_of_layers_are_those_that_are_computed():
    # 256 + 256 units of two hidden layers, mean and log-variance of two latents, and the scaled pixels
    assert values_of_layers(VAE((6, 5, 1), 2, network=DENSE, seed=0).encoder) >= 2 * 256 + 2 * 2
    assert values_of_layers(VAE((6, 5, 1), 2, network=DENSE, seed=0).encoder) <= 2 * (2 * 256 + 2 * 2 + 30)


@pytest.mark.parametrize(
    ("batch_size", "hidden", "count", "advice"),
    [
        (1000, (256,), 1000, "choose a smaller batch_size=..., image_size=... or hidden=..."),
        (1, (512, 512), 10, "choose a smaller hidden=... or image_size=..."),
        (1, (1,), 10**5, "give fewer images, or choose a smaller image_size=..."),
    ],
)
def test_the_line_says_what_to_change(monkeypatch, batch_size, hidden, count, advice):
    vae = compiled_vae(freyvae.networks.Dense(hidden=hidden), (6, 5, 1), likelihood="bernoulli")
    images = np.zeros((count, 6, 5, 1), np.uint8)
    check_training(vae, [images], batch_size)
    monkeypatch.setattr(memory, "free_bytes", lambda: 10**5)
    with pytest.raises(BadInput) as refused:
        check_training(vae, [images], batch_size)
    assert str(refused.value).startswith("the training needs about 0.0")
    assert str(refused.value).endswith(f"GiB are free: {advice}")
