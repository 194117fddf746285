"""Images that stay on a disk are shown in the very order, and leave the very weights, of images in memory."""

import threading

import keras
import numpy as np
import pytest

from freyvae.data.pixels import Given, Pixels
from freyvae.engine import stepped, stream, training
from freyvae.engine.training import Place, WithinEpochs
from freyvae.errors import BadInput
from freyvae.model import VAE

pytestmark = pytest.mark.skipif(keras.backend.backend() != "jax", reason="blocks are streamed on JAX")
ARGUMENTS = {"epochs": 2, "batch_size": 10, "verbose": 0}


class OnDisk(Pixels):
    """Images that note which of them are read."""

    def __init__(self, images):
        super().__init__(images.shape)
        self.images, self.read = images, []

    def rows(self, indices):
        self.read.append(np.array(indices))
        return self.images[indices]


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch, images):
    """Blocks of two batches: an epoch of 57 images has three."""
    monkeypatch.setattr(stream, "BLOCK_BYTES", 2 * 10 * images[0].nbytes)


@pytest.fixture
def dense_vae():
    def made():
        vae = VAE((5, 4, 1), 2, hidden=(6,), likelihood="bernoulli", seed=0)
        vae.compile(optimizer=keras.optimizers.Adam(use_ema=True))
        return vae

    return made


def variables(vae):
    vae.optimizer.build(vae.trainable_variables)
    return [*vae.variables, *vae.optimizer.variables]


def values(vae):
    return [np.array(variable.value) for variable in variables(vae)]


def assert_same(one, other, **tolerance):
    for ours, theirs in zip(values(one), values(other), strict=True):
        np.testing.assert_allclose(ours, theirs, **tolerance)


@pytest.mark.parametrize("kind", ["convolutional_vae", "dense_vae"])
def test_streamed_training_is_the_training_in_memory(kind, request, images, held_out):
    made = request.getfixturevalue(kind)
    whole, streamed, pixels = made(), made(), OnDisk(images)
    expected = whole.fit(images, validation_data=held_out, **ARGUMENTS).history
    history = streamed.fit(pixels, validation_data=OnDisk(held_out), **ARGUMENTS).history
    assert_same(whole, streamed, rtol=1e-5, atol=1e-6)
    for name, column in expected.items():
        np.testing.assert_allclose(history[name], column, rtol=1e-5)
    assert sorted(np.concatenate(pixels.read[:3])) == list(range(len(images)))  # an epoch reads each image once
    assert max(map(len, pixels.read)) == 20


def test_a_block_is_one_program_where_no_step_has_a_convolution(images, dense_vae, convolutional_vae):
    for made, is_one in ((dense_vae, True), (convolutional_vae, False)):
        vae = made()
        vae.fit(OnDisk(images), epochs=1, batch_size=10, verbose=0)
        assert (stepped._programs[vae][False].block is not None) == is_one


def test_arrays_larger_than_the_device_takes_are_streamed_too(images, dense_vae, monkeypatch):
    whole, streamed = dense_vae(), dense_vae()
    whole.fit(images, **ARGUMENTS)
    monkeypatch.setattr(training, "LARGEST_DATA_BYTES", images.nbytes - 1)
    streamed.fit(images, **ARGUMENTS)
    assert_same(whole, streamed, rtol=1e-5, atol=1e-6)


def test_a_person_s_own_source_of_images_is_trained_on(images, dense_vae):
    class Source:  # as grain's RandomAccessDataSource
        def __len__(self):
            return len(images)

        def __getitem__(self, number):
            return images[number]

    own, packed = dense_vae(), dense_vae()
    own.fit(Source(), **ARGUMENTS)
    packed.fit(Given(Source()), **ARGUMENTS)
    assert_same(own, packed)
    np.testing.assert_array_equal(own.encode(Source()), own.encode(images))
    assert own.evaluate(Source(), verbose=0) == pytest.approx(own.evaluate(images, verbose=0), rel=0.05)
    assert own.predict(Source(), verbose=0).keys() == own.predict(images, verbose=0).keys()


class StopAt(WithinEpochs):
    """Stops a training after 20 of 57 images of an epoch, and keeps the place and the state there."""

    def on_block_end(self, place, share):
        if share == pytest.approx(20 / 57):
            self.place, self.state = place, values(self.model)
            self.model.stop_training = True


class GoOnAt(WithinEpochs):
    def __init__(self, place):
        super().__init__()
        self.place = place


def test_a_training_goes_on_within_an_epoch_bit_for_bit_and_reads_nothing_again(images, convolutional_vae):
    whole, parted, again = convolutional_vae(), convolutional_vae(), convolutional_vae()
    expected = whole.fit(OnDisk(images), **ARGUMENTS).history
    stop = StopAt()
    assert parted.fit(OnDisk(images), callbacks=[stop], **ARGUMENTS).history == {}
    assert stop.place.shown == 20
    assert stop.place.steps == 0
    for variable, value in zip(variables(again), stop.state, strict=True):
        variable.assign(value)
    pixels = OnDisk(images)
    history = again.fit(pixels, callbacks=[GoOnAt(stop.place)], **ARGUMENTS).history
    assert_same(whole, again)
    assert history == expected
    assert len(np.concatenate(pixels.read[:2])) == 37


@pytest.mark.parametrize("kind", ["dense_vae", "convolutional_vae"])
def test_images_in_memory_are_gone_on_with_within_an_epoch_too(images, kind, request):
    """As several devices leave it, which stream what one has in memory."""
    make = request.getfixturevalue(kind)
    whole, parted, again = make(), make(), make()
    expected = whole.fit(OnDisk(images), **ARGUMENTS).history
    stop = StopAt()
    parted.fit(OnDisk(images), callbacks=[stop], **ARGUMENTS)
    for variable, value in zip(variables(again), stop.state, strict=True):
        variable.assign(value)
    history = again.fit(images, callbacks=[GoOnAt(stop.place)], **ARGUMENTS).history
    assert_same(whole, again, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(history["loss"], expected["loss"], rtol=1e-5)


def test_what_a_source_raises_reaches_the_caller_and_leaves_a_usable_model(images, dense_vae):
    class Broken(OnDisk):
        def rows(self, indices):
            if len(self.read) == 2:
                raise BadInput("the disk is gone")
            return super().rows(indices)

    vae = dense_vae()
    with pytest.raises(BadInput, match="the disk is gone"):
        vae.fit(Broken(images), **ARGUMENTS)
    assert int(vae.optimizer.iterations) == 4
    vae.fit(images, **ARGUMENTS)
    assert not [thread for thread in threading.enumerate() if thread.name == "freyvae-read-ahead"]


def test_a_place_in_an_epoch_says_by_which_steps_its_order_is_known(images, dense_vae):
    seen = []

    class Watch(WithinEpochs):
        def on_block_end(self, place: Place, share):
            seen.append((place.steps, place.shown))

    dense_vae().fit(OnDisk(images), callbacks=[Watch()], **ARGUMENTS)
    assert seen == [(0, 20), (0, 40), (6, 20), (6, 40)]
