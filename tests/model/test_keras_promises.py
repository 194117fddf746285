"""Keras's promises hold for our model, or are refused in one line: no argument is silently ignored."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import freyvae
from freyvae.engine.keras_internals import states_of_noise
from freyvae.errors import BadInput
from freyvae.model import VAE, load_vae

SHAPE = (5, 4, 1)


def small_vae(seed=0, optimizer="adam", **choices):
    vae = VAE(SHAPE, 2, seed=seed, **choices)
    vae.compile(optimizer=optimizer)
    return vae


def own_encoder(**of_dense):
    inputs = keras.Input(SHAPE, dtype="uint8")
    features = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(inputs))
    return keras.Model(inputs, [keras.layers.Dense(2, **of_dense)(features), keras.layers.Dense(2)(features)])


class Interrupt(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        if epoch == 2:
            raise KeyboardInterrupt


@pytest.mark.backend
def test_backup_and_restore_goes_on_where_it_was(images, tmp_path):
    def backup():
        return keras.callbacks.BackupAndRestore(str(tmp_path / "backup"))

    whole = small_vae(shift=0.5)
    whole.fit(images, epochs=6, batch_size=19, verbose=0)
    vae = small_vae(shift=0.5)
    with pytest.raises(KeyboardInterrupt):
        vae.fit(images, epochs=6, batch_size=19, verbose=0, callbacks=[backup(), Interrupt()])
    vae = small_vae(shift=0.5)
    vae.fit(images, epochs=6, batch_size=19, verbose=0, callbacks=[backup()])
    # the epoch that was interrupted is trained again
    assert int(vae.optimizer.iterations.value) == 18
    for ours, theirs in zip(whole.get_weights(), vae.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
    # and its initial epoch does not apply to the next training
    assert len(vae.fit(images, epochs=2, batch_size=19, verbose=0).history["loss"]) == 2


@keras.saving.register_keras_serializable("tests")
class Costly(keras.layers.Layer):
    def call(self, values):
        self.add_loss(1000.0 + 0.0 * keras.ops.sum(values))
        return values


@pytest.mark.backend
def test_losses_of_regularizers_and_layers_are_in_the_loss_and_not_in_the_free_energy(images):
    plain = small_vae(optimizer="sgd").fit(images, verbose=0, batch_size=57).history
    heavy = VAE(SHAPE, 2, seed=0, encoder=own_encoder(kernel_regularizer=keras.regularizers.L1(100.0)))
    heavy.compile("sgd")
    weight = np.abs(heavy.encoder.weights[0].numpy()).sum()
    history = heavy.fit(images, verbose=0, batch_size=57, validation_data=images).history
    assert history["loss"][0] - history["free_energy"][0] == pytest.approx(100 * weight, rel=1e-4)
    assert history["val_loss"][0] > history["val_free_energy"][0] + 1
    inputs = keras.Input((2,))
    decoder = small_vae().decoder
    costly = VAE(SHAPE, 2, seed=0, decoder=keras.Model(inputs, Costly()(decoder(inputs))))
    costly.compile("sgd")
    history = costly.fit(images, verbose=0, batch_size=57).history
    assert history["loss"][0] - history["free_energy"][0] == pytest.approx(1000, rel=1e-4)
    assert plain["loss"] == plain["free_energy"]


@pytest.mark.parametrize("given", [{"loss": "mse"}, {"metrics": ["mae"]}, {"weighted_metrics": ["mae"]}])
def test_losses_and_metrics_of_others_are_refused(given):
    with pytest.raises(BadInput, match=f"{next(iter(given))} has no place here, the loss is the free energy"):
        VAE(SHAPE).compile("adam", **given)
    with pytest.raises(BadInput, match="compile: Could not interpret optimizer"):
        VAE(SHAPE).compile("adamm")


@pytest.mark.long
def test_gradients_are_accumulated_as_keras_does_it(images):
    histories = []
    for jit in (True, False):
        vae = VAE(SHAPE, 2, seed=0)
        vae.compile(keras.optimizers.SGD(1e-4, gradient_accumulation_steps=3), jit_compile=jit)
        vae.fit(images[:60], batch_size=10, shuffle=False, verbose=0)
        histories.append(vae.get_weights())
    for ours, theirs in zip(*histories, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_layers_frozen_since_compile_are_said_and_stay_as_they_are_after_it(images):
    vae = small_vae()
    vae.fit(images, verbose=0)
    vae.encoder.trainable = False
    for train in (vae.fit, vae.train_on_batch):
        with pytest.raises(BadInput, match="frozen or thawed since the model was compiled: call compile again"):
            train(images)
    vae.compile("adam")
    before = [weight.numpy() for weight in vae.encoder.weights]
    vae.fit(images, epochs=2, verbose=0)
    for ours, weight in zip(before, vae.encoder.weights, strict=True):
        np.testing.assert_array_equal(ours, weight.numpy())


class RaiseBeta(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        self.model.beta = 1000.0 * epoch


@pytest.mark.backend
@pytest.mark.parametrize("feeding", [{}, {"validation_split": 0.2}], ids=["one program", "Keras's loop"])
def test_beta_may_be_set_between_epochs(images, feeding):
    vae = small_vae(optimizer=keras.optimizers.SGD(0.0))
    history = vae.fit(images, epochs=3, batch_size=57, callbacks=[RaiseBeta()], verbose=0, **feeding).history
    for epoch in range(3):
        expected = history["distortion"][epoch] + 1000 * epoch * history["rate"][epoch]
        assert history["loss"][epoch] == pytest.approx(expected, rel=1e-4)
    assert vae.beta == 2000.0
    with pytest.raises(BadInput, match="beta must be finite"):
        vae.beta = -1


def test_terminate_on_nan_ends_the_training(images):
    vae = small_vae(optimizer=keras.optimizers.SGD(1e30))
    history = vae.fit(images, epochs=9, batch_size=5, callbacks=[keras.callbacks.TerminateOnNaN()], verbose=0).history
    assert len(history["loss"]) == 1
    assert int(vae.optimizer.iterations.value) < 12


def test_networks_that_share_a_layer_are_refused():
    shared = keras.layers.Dense(2)
    inputs, code = keras.Input(SHAPE, dtype="uint8"), keras.Input((2,))
    features = keras.layers.Dense(2)(keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(inputs)))
    encoder = keras.Model(inputs, [shared(features), keras.layers.Dense(2)(features)])
    decoder = keras.Model(code, keras.layers.Reshape((5, 4, 2))(keras.layers.Dense(40)(shared(code))))
    with pytest.raises(BadInput, match=r"share weights \(.*kernel\): give each layers of its own"):
        VAE(SHAPE, 2, encoder=encoder, decoder=decoder)


@keras.saving.register_keras_serializable("tests")
class Subclassed(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.flat, self.mean, self.log_variance = keras.layers.Flatten(), keras.layers.Dense(2), keras.layers.Dense(2)

    def call(self, images):
        features = self.flat(keras.ops.cast(images, "float32") / 255)
        return [self.mean(features), self.log_variance(features)]


@pytest.mark.backend
def test_subclassed_networks_and_sequentials_without_an_input_serve(images, tmp_path):
    decoder = keras.Sequential([keras.layers.Dense(40), keras.layers.Reshape((5, 4, 2))])
    vae = VAE(SHAPE, 2, encoder=Subclassed(), decoder=decoder, seed=0)
    vae.compile("adam")
    vae.fit(images, epochs=2, batch_size=10, verbose=0)
    vae.save(tmp_path / "model.keras")
    np.testing.assert_allclose(load_vae(tmp_path / "model.keras").encode(images), vae.encode(images), atol=1e-6)


class Failing(keras.Model):
    def call(self, images):
        raise ZeroDivisionError("a person's own\nmistake")


def test_networks_that_are_none_are_refused():
    inputs = keras.Input(SHAPE, dtype="uint8")
    flat = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(inputs))
    named = keras.Model(inputs, {"mean": keras.layers.Dense(2)(flat), "log_variance": keras.layers.Dense(2)(flat)})
    for encoder, line in {
        "dense": "the encoder must be a Keras model, not str",
        named: r"to a dict of .*it must go from .* to \[mean, log_variance\]",
        Failing(): "the encoder cannot be called on an input of shape .*a person's own mistake",
        keras.Sequential([keras.layers.Flatten()]): "the encoder goes from",
    }.items():
        with pytest.raises(BadInput, match=line) as refusal:
            VAE(SHAPE, 2, encoder=encoder)
        assert "\n" not in str(refusal.value)


@pytest.mark.backend
@pytest.mark.parametrize("choices", [{}, {"shift": 0.5, "prior": "vamp", "prior_components": 3, "warm_up_steps": 20}])
def test_saved_loaded_and_trained_on_is_trained_on(images, tmp_path, choices):
    vae = small_vae(optimizer=keras.optimizers.AdamW(0.01), **choices)
    vae.fit(images, epochs=2, batch_size=10, verbose=0)
    vae.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    for model in (vae, loaded):
        model.fit(images, epochs=2, batch_size=10, verbose=0)
    for ours, theirs in zip(vae.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)
    assert len(states_of_noise(vae)) == 1 + ("shift" in choices)


def test_a_model_that_cannot_be_saved_leaves_the_file_that_was_there(images, tmp_path, monkeypatch):
    vae = small_vae()
    vae.save(tmp_path / "model.keras")
    before = (tmp_path / "model.keras").read_bytes()

    def full(self, path, *others):
        Path(path).write_bytes(b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(keras.Model, "save", full)
    with pytest.raises(BadInput, match=r"cannot write .*model\.keras: No space left on device"):
        vae.save(tmp_path / "model.keras")
    assert (tmp_path / "model.keras").read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


def test_networks_of_ones_own_are_not_started_at_images(images):
    decoder = keras.Sequential([keras.layers.Dense(40), keras.layers.Reshape((5, 4, 2))])
    with pytest.raises(BadInput, match="only networks that network='dense' made can be started at images"):
        VAE(SHAPE, 2, encoder=own_encoder(), decoder=decoder, seed=0).start_at(images)


class Batches(keras.utils.PyDataset):
    """Batches of images, some of which may fail."""

    def __init__(self, images, fails_at=None):
        super().__init__()
        self.images, self.fails_at = images, fails_at

    def __len__(self):
        return 3

    def __getitem__(self, number):
        if number == self.fails_at:
            raise OSError("the disk is gone")
        return (self.images[number * 19 : (number + 1) * 19],)


def generator(images):
    while True:
        for number in range(3):
            yield (images[number * 19 : (number + 1) * 19],)


@pytest.mark.filterwarnings("ignore:.*ran out of data")
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
def test_pixels_of_a_data_set_are_uint8_or_refused_and_never_wrong(images, dtype):
    wrong = (images / 255).astype(dtype) if dtype != "int32" else images.astype(dtype)
    vae = small_vae()
    line = rf"a data set must give uint8 images of shape \(5, 4, 1\), not {'int32' if dtype == 'int32' else 'float32'}"
    for call in (
        lambda: vae.fit(Batches(wrong), verbose=0),
        lambda: vae.fit(generator(wrong), steps_per_epoch=3, shuffle=False, verbose=0),
        lambda: vae.fit(images, validation_data=Batches(wrong), verbose=0),
        lambda: vae.evaluate(Batches(wrong), verbose=0),
        lambda: vae.predict(Batches(wrong), verbose=0),
        lambda: vae.fit(Batches(images[:, :4]), verbose=0),
    ):
        with pytest.raises(BadInput, match="a data set must give uint8 images"):
            call()
    with pytest.raises(BadInput, match=line):
        vae.fit(Batches(wrong), verbose=0)
    # the model is unharmed, and uint8 images are accepted
    assert np.isfinite(vae.fit(Batches(images), verbose=0).history["loss"]).all()
    one = small_vae().fit(Batches(images), shuffle=False, verbose=0).history["free_energy"]
    other = small_vae().fit(images, batch_size=19, shuffle=False, verbose=0).history["free_energy"]
    np.testing.assert_allclose(one, other, rtol=1e-5)


@pytest.mark.backend
def test_pixels_in_floats_are_the_same_images_in_single_steps_and_calls_too(images):
    batch, pixels = images[:10], images[:10] / 255.0
    tensor = keras.ops.convert_to_tensor(pixels.astype("float32"))
    for call in (
        lambda vae, given: vae.train_on_batch(given),
        lambda vae, given: vae.test_on_batch(given),
        lambda vae, given: vae.predict_on_batch(given)["distortion"],
        lambda vae, given: keras.ops.convert_to_numpy(vae(given)["distortion"]),
    ):
        expected = call(small_vae(), batch)
        for given in (pixels, tensor, pixels.tolist()):
            np.testing.assert_allclose(call(small_vae(), given), expected, rtol=1e-6)
    with pytest.raises(BadInput, match="images are 4 x 4 grey images"):
        small_vae()(images[:, :4])


@pytest.mark.parametrize(
    ("images_", "line"),
    [
        ("photos/", r"not a path: freyvae.load_images\('photos/'\) reads one"),
        (None, "must be an array of images or a data set, not NoneType"),
        (7, "must be an array of images or a data set, not int"),
        ({"images": 1}, "must be an array of images or a data set, not dict"),
    ],
)
def test_what_holds_no_images_is_refused_everywhere(images, images_, line):
    vae = small_vae()
    for call in (vae.fit, vae.evaluate, vae.predict, lambda given: vae.fit(images, validation_data=(given,))):
        with pytest.raises(BadInput, match=line):
            call(images_)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ({"epochs": 1.5}, r"epochs must be a whole number and at least 0, not 1\.5"),
        ({"epochs": -1}, "epochs must be a whole number"),
        ({"batch_size": "x"}, "batch_size must be a whole number and at least 1, not 'x'"),
        ({"batch_size": 0}, "batch_size must be a whole number and at least 1, not 0"),
        ({"initial_epoch": True}, "initial_epoch must be a whole number"),
        ({"callbacks": ["early stopping"]}, r"callbacks must be a list of keras\.callbacks\.Callback"),
        ({"callbacks": keras.callbacks.EarlyStopping}, "callbacks must be a list"),
        ({"shuffle": "yes"}, "shuffle must be True or False, not 'yes'"),
        ({"verbose": "loud"}, "verbose must be 'auto', 0, 1 or 2, not 'loud'"),
        ({"validation_split": 2}, "validation_split must be a number from 0 to 1, not 2"),
        ({"class_weight": {0: 1}}, "class_weight has no effect here"),
    ],
)
def test_wrong_arguments_of_fit_are_refused_in_one_line(images, arguments, line):
    with pytest.raises(BadInput, match=line):
        small_vae().fit(images, **arguments)


def test_without_compile_it_says_so(images):
    with pytest.raises(BadInput, match="call compile first"):
        VAE(SHAPE).fit(images)


@pytest.mark.backend
@pytest.mark.parametrize("fails_at", [0, 1])
def test_a_failed_or_interrupted_call_leaves_the_model_usable(images, fails_at):
    vae = small_vae()
    before = vae.encode(images)
    for call in (vae.evaluate, vae.predict):
        with pytest.raises(OSError, match="the disk is gone"):
            call(Batches(images, fails_at), verbose=0)
        np.testing.assert_array_equal(vae.encode(images), before)
    with pytest.raises(OSError, match="the disk is gone"):
        vae.fit(Batches(images, fails_at), verbose=0)
    assert np.isfinite(vae.encode(images)).all()
    assert np.isfinite(vae.fit(images, epochs=1, verbose=0).history["loss"]).all()


def test_numpys_numbers_are_numbers(images):
    vae = VAE(np.array(SHAPE), np.int64(2), seed=np.int64(3), beta=np.float32(0.5), warm_up_steps=np.int32(4))
    vae.compile("adam")
    vae.fit(images, epochs=np.int64(1), batch_size=np.uint8(10), verbose=0)
    assert vae.sample(np.int64(2), seed=np.int64(1)).shape == (2, *SHAPE)
    assert VAE.from_config(vae.get_config()).beta == 0.5


def test_weights_that_are_no_numbers_are_said_and_no_codes_are_written(images, tmp_path):
    vae = small_vae()
    vae.encoder.weights[0].assign(np.full(vae.encoder.weights[0].shape, np.nan))
    for call in (vae.encode, vae.posterior_deviations, vae.free_energy, vae.reconstruct):
        with pytest.raises(BadInput, match="returns numbers that are not finite"):
            call(images)
    vae.save(tmp_path / "model.keras")
    with pytest.raises(BadInput, match="holds weights that are no numbers"):
        load_vae(tmp_path / "model.keras")


@pytest.mark.parametrize(
    "order",
    [
        "import freyvae, keras",
        "import keras, freyvae",
        # many libraries check in this way whether Keras is installed
        "import freyvae, importlib.util; importlib.util.find_spec('keras'); import keras",
    ],
)
def test_import_freyvae_is_enough_to_load_a_model(images, tmp_path, order):
    vae = small_vae()
    vae.save(tmp_path / "model.keras")
    script = f"{order}\nprint(type(keras.models.load_model('model.keras')).__name__)"
    result = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"KERAS_BACKEND": "jax"},
    )
    assert result.stdout == "VAE\n"
    np.testing.assert_array_equal(freyvae.load(tmp_path / "model.keras").encode(images), vae.encode(images))
    with pytest.raises(BadInput, match="no model at"):
        freyvae.load(tmp_path / "away")
    with pytest.raises(BadInput, match="is not a run folder"):
        freyvae.load(tmp_path)


def test_a_file_that_claims_more_than_it_has_allocates_nothing(tmp_path):
    import json
    import zipfile

    path, hostile = tmp_path / "model.keras", tmp_path / "hostile.keras"
    small_vae().save(path)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}

    def write(**changed):
        with zipfile.ZipFile(hostile, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in (parts | changed).items():
                archive.writestr(name, content)

    def with_units(value):
        if isinstance(value, dict):
            return {key: 2_000_000_000 if key == "units" else with_units(item) for key, item in value.items()}
        return [with_units(item) for item in value] if isinstance(value, list) else value

    write(**{"config.json": json.dumps(with_units(json.loads(parts["config.json"])))})
    with pytest.raises(BadInput, match="describes layers of"):
        load_vae(hostile)
    # layers with fewer weights than their numbers of channels say are no such
    images = keras.Input((8, 8, 1), dtype="uint8")
    values = keras.ops.cast(images, "float32")
    for layer in (
        keras.layers.SeparableConv2D(64, 5, padding="same"),
        keras.layers.SeparableConv2D(64, 5, padding="same"),
        keras.layers.Conv2D(512, 5, groups=64, padding="same"),
        keras.layers.DepthwiseConv2D(5, padding="same"),
        keras.layers.GlobalAveragePooling2D(),
    ):
        values = layer(values)
    encoder = keras.Model(images, [keras.layers.Dense(2)(values), keras.layers.Dense(2)(values)])
    VAE((8, 8, 1), 2, encoder=encoder, seed=0).save(path)
    assert load_vae(path).latent_dim == 2
    write(**{"model.weights.h5": bytes(100_000_000)})
    with pytest.raises(BadInput, match=r"claims 1000.* bytes, and has"):
        load_vae(hostile)
    write(**{"config.json": '{"a":' * 100_000})
    with pytest.raises(BadInput, match="cannot be loaded in safe mode"):
        load_vae(hostile)
