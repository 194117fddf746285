"""Models trained together end as each would alone, in every way to run their program."""

import threading

import keras
import numpy as np
import pytest

from freyvae.errors import BadInput
from freyvae.model import VAE, fit_many, many

SHAPE = (5, 4, 1)
ON_JAX = pytest.mark.skipif(keras.backend.backend() != "jax", reason="one program for many models is JAX's")
# seed, beta, learning rate
GRID = [(0, 1.0, 1e-3), (1, 1.0, 1e-3), (2, 4, 1e-2)]
ARGUMENTS = {"epochs": 3, "batch_size": 10}


def small_vae(seed=0, beta=1.0, learning_rate=1e-3, *, optimizer=keras.optimizers.Adam, **changes):
    vae = VAE(SHAPE, **{"latent_dim": 2, "seed": seed, "beta": beta, **changes})
    vae.compile(optimizer=optimizer(learning_rate))
    return vae


def on_gpu(monkeypatch):
    """The way for accelerators, run on the CPU."""
    import jax

    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")


@pytest.fixture(params=["threads", "vmap"])
def either_way(request, monkeypatch):
    if request.param == "vmap":
        on_gpu(monkeypatch)


def assert_same_weights(one, other):
    for ours, theirs in zip(one.variables, other.variables, strict=True):
        ours, theirs = (keras.ops.convert_to_numpy(variable.value) for variable in (ours, theirs))
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


def assert_as_alone(models, history, images, held_out):
    for number, (model, choices) in enumerate(zip(models, GRID, strict=True)):
        alone = small_vae(*choices)
        expected = alone.fit(images, validation_data=held_out, verbose=0, **ARGUMENTS).history
        assert_same_weights(model, alone)
        assert model.beta == choices[1]
        assert set(history) == set(expected)
        for name, values in expected.items():
            np.testing.assert_allclose(history[name][number], values, rtol=1e-4, err_msg=name)
            assert model.history.history[name] == history[name][number].tolist()


@pytest.mark.backend
def test_a_grid_of_seeds_betas_and_learning_rates_ends_as_each_model_would_alone(images, held_out):
    models = [small_vae(*choices) for choices in GRID]
    history = fit_many(models, images, validation_data=held_out, **ARGUMENTS)
    assert history["val_loss"].shape == (3, 3)
    assert_as_alone(models, history, images, held_out)


@ON_JAX
def test_on_a_gpu_groups_that_fit_are_stepped_by_one_program(images, held_out, monkeypatch):
    on_gpu(monkeypatch)
    monkeypatch.setattr(many, "most_at_once", lambda wanted, bytes_of: 2 if bytes_of(2) > 0 else 0)
    models = [small_vae(*choices) for choices in GRID]
    history = fit_many(models, images, validation_data=held_out, **ARGUMENTS)
    assert_as_alone(models, history, images, held_out)


@ON_JAX
def test_with_convolutions_on_a_cpu_models_are_stepped_one_after_the_other(held_out, monkeypatch):
    def fail(*arguments):
        raise AssertionError("a scan of convolutions, many times slower")

    def vae(*choices):
        draw, seed = iter(range(100)), choices[0]

        def layer(kind, *arguments):
            return kind(*arguments, kernel_initializer=keras.initializers.GlorotUniform(10 * seed + next(draw)))

        pixels = keras.Input(SHAPE, dtype="uint8")
        values = layer(keras.layers.Conv2D, 2, 3)(keras.layers.Rescaling(1 / 255)(pixels))
        values = keras.layers.Flatten()(values)
        outputs = [layer(keras.layers.Dense, 2)(values) for _ in range(2)]
        return small_vae(*choices, encoder=keras.Model(pixels, outputs))

    monkeypatch.setattr(many, "_fit_by_one_program", fail)
    models = [vae(*choices) for choices in GRID]
    history = fit_many(models, held_out, **ARGUMENTS)
    for number, choices in enumerate(GRID):
        alone = vae(*choices)
        expected = alone.fit(held_out, verbose=0, **ARGUMENTS).history
        assert_same_weights(models[number], alone)
        np.testing.assert_allclose(history["loss"][number], expected["loss"], rtol=1e-4)


@ON_JAX
def test_drawn_masks_and_averages_are_each_models_own(images, held_out, either_way):
    def vae(seed):
        made = VAE(SHAPE, 2, seed=seed, encoder=dropping(seed))
        made.compile(optimizer=keras.optimizers.Adam(1e-2, use_ema=True, ema_momentum=0.5))
        return made

    def dropping(seed):
        pixels = keras.Input(SHAPE, dtype="uint8")
        values = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(pixels))
        values = keras.layers.Dropout(0.5, seed=seed)(values)
        outputs = [
            keras.layers.Dense(2, kernel_initializer=keras.initializers.GlorotUniform(seed + number))(values)
            for number in range(2)
        ]
        return keras.Model(pixels, outputs)

    models = [vae(seed) for seed in range(3)]
    swaps = [[keras.callbacks.SwapEMAWeights(swap_on_epoch=False)] for _ in models]
    history = fit_many(models, images, validation_data=held_out, callbacks=swaps, **ARGUMENTS)
    for seed, model in enumerate(models):
        alone = vae(seed)
        swap = [keras.callbacks.SwapEMAWeights(swap_on_epoch=False)]
        expected = alone.fit(images, validation_data=held_out, callbacks=swap, verbose=0, **ARGUMENTS).history
        assert_same_weights(model, alone)
        np.testing.assert_allclose(history["val_loss"][seed], expected["val_loss"], rtol=1e-4)


@ON_JAX
def test_a_model_that_stops_early_leaves_the_others_alone(images, either_way):
    models = [small_vae(seed) for seed in range(3)]

    def stop(epoch, logs):
        models[1].stop_training = epoch == 0

    stopping = keras.callbacks.LambdaCallback(on_epoch_end=stop)
    history = fit_many(models, images, callbacks=[[], [stopping], []], **ARGUMENTS)
    assert np.isnan(history["loss"]).tolist() == [[False] * 3, [False, True, True], [False] * 3]
    for seed, epochs in ((0, 3), (1, 1), (2, 3)):
        alone = small_vae(seed)
        alone.fit(images, epochs=epochs, batch_size=10, verbose=0)
        assert_same_weights(models[seed], alone)


@ON_JAX
def test_models_go_on_from_epochs_of_their_own(images, either_way):
    models = [small_vae(seed) for seed in range(2)]
    models[1].fit(images, epochs=2, batch_size=10, verbose=0)
    history = fit_many(models, images, initial_epoch=[0, 2], **ARGUMENTS)
    assert np.isfinite(history["loss"]).tolist() == [[True, True, True], [False, False, True]]
    for seed, model in enumerate(models):
        alone = small_vae(seed)
        alone.fit(images, verbose=0, **ARGUMENTS)
        assert_same_weights(model, alone)


@ON_JAX
def test_where_one_fails_the_others_stop_and_what_it_raised_is_raised(images, either_way):
    failed = threading.Event()
    epochs_after = []

    def fail(epoch, logs):
        failed.set()
        raise ZeroDivisionError

    def count(epoch, logs):
        failed.wait()  # a thread may be far ahead of the one that fails
        epochs_after.append(epoch)

    callbacks = [[keras.callbacks.LambdaCallback(on_epoch_end=action)] for action in (fail, count, count, count)]
    with pytest.raises(ZeroDivisionError):
        fit_many([small_vae(seed) for seed in range(4)], images, epochs=10_000, batch_size=10, callbacks=callbacks)
    assert len(epochs_after) < 10_000


@ON_JAX
def test_without_memory_for_one_model_it_says_so(images, monkeypatch, either_way):
    monkeypatch.setattr(many, "free_bytes", lambda: 1000)
    with pytest.raises(BadInput, match=r"a model needs .* GiB of memory and 0\.0 GiB are free"):
        fit_many([small_vae(seed) for seed in range(2)], images, **ARGUMENTS)


def test_as_many_models_as_memory_holds(monkeypatch):
    monkeypatch.setattr(many, "free_bytes", lambda: 1000)
    assert many.most_at_once(16, lambda count: 10 * count) == 16
    assert many.most_at_once(16, lambda count: 200 * count) == 5
    assert many.most_at_once(16, lambda count: 400 + 200 * count) == 3
    assert many.most_at_once(16, lambda count: 1000 * count) == 1
    with pytest.raises(BadInput, match=r"choose a smaller batch_size=\.\.\. or fewer units in hidden="):
        many.most_at_once(16, lambda count: 1001 * count)


def test_the_free_memory_of_this_machine_is_known():
    assert 2**20 < many.free_bytes() < 2**60


def uncompiled(seed):
    return VAE(SHAPE, 2, seed=seed)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (lambda: small_vae(1, latent_dim=3), "model 1 has another latent_dim and encoder and decoder than model 0"),
        (lambda: small_vae(1, likelihood="bernoulli"), "another decoder and likelihood"),
        (lambda: small_vae(1, optimizer=keras.optimizers.SGD), "another optimizer"),
        (lambda: small_vae(1, 1.0, keras.optimizers.schedules.CosineDecay(1e-3, 10)), "another optimizer"),
        (lambda: uncompiled(1), "model 1 has no optimizer: compile it first"),
    ],
    ids=["latents", "likelihood", "optimizer", "schedule", "not compiled"],
)
def test_models_of_another_kind_are_refused(other, message, images):
    with pytest.raises(BadInput, match=message):
        fit_many([small_vae(), other()], images)


def test_no_model_one_model_twice_and_too_few_callbacks_are_refused(images):
    with pytest.raises(BadInput, match="no model"):
        fit_many([], images)
    vae = small_vae()
    with pytest.raises(BadInput, match="there twice"):
        fit_many([vae, vae], images)
    with pytest.raises(BadInput, match="2 models need as many lists of callbacks and initial epochs, not 1 and 2"):
        fit_many([small_vae(), small_vae(1)], images, callbacks=[[]])


@ON_JAX
def test_averages_of_some_models_alone_are_refused(images, either_way):
    models = [small_vae(seed, optimizer=lambda rate: keras.optimizers.Adam(rate, use_ema=True)) for seed in range(2)]
    with pytest.raises(BadInput, match="of every model, or of none"):
        fit_many(models, images, callbacks=[[], [keras.callbacks.SwapEMAWeights()]], **ARGUMENTS)
