"""What a training writes for those who follow it elsewhere."""

import io
import struct
import sys

import keras
import numpy as np
import pytest
from PIL import Image

import freyvae
from freyvae import training
from freyvae.errors import BadInput
from freyvae.mosaic import in_colour
from freyvae.training.tracking import TensorBoardLog


def events(folder):
    """The events in a folder, read from TensorBoard's files: a length, its checksum, the event, its checksum."""
    from tensorboardX.proto.event_pb2 import Event

    found = []
    for file in sorted(folder.iterdir()):
        content = io.BytesIO(file.read_bytes())
        while header := content.read(12):
            found.append(Event.FromString(content.read(struct.unpack("<Q", header[:8])[0])))
            content.read(4)
    return found


def values(folder, tag):
    return {e.step: v.simple_value for e in events(folder) for v in e.summary.value if v.tag == tag}


def test_tensorboard_has_the_curves_and_pictures(recipe):
    run = training.train(recipe, "run", log="tensorboard", quiet=True)
    history = run.read_history()
    for tag, column in (("free_energy/training", "free_energy"), ("free_energy/validation", "val_free_energy")):
        found = values(run.tensorboard_path, tag)
        assert list(found) == [1, 2, 3, 4, 5, 6]
        np.testing.assert_allclose(list(found.values()), history[column], rtol=1e-6)
    shown = [(e.step, v.tag, v.image) for e in events(run.tensorboard_path) for v in e.summary.value if v.image.height]
    assert [(step, tag) for step, tag, _ in shown] == [
        (1, "reconstructions"),
        (1, "samples"),
        (6, "reconstructions"),
        (6, "samples"),
    ]
    with Image.open(io.BytesIO(shown[0][2].encoded_image_string)) as sheet:
        assert sheet.size == (8 * 5, 2 * 6)
        top = np.asarray(sheet.convert("L"))[:6, :5]
    data = training.load_training_data(recipe)
    np.testing.assert_array_equal(top, data.validation[0, ..., 0])


def test_images_of_five_channels_are_shown_in_the_colours_of_all(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (8, 6, 5, 5), dtype="uint8")
    log = TensorBoardLog(tmp_path, images)
    log.set_model(freyvae.VAE((6, 5, 5), 2, hidden=(4,), seed=0))
    log.on_epoch_end(0, {"loss": 1.0})
    log.on_train_end()
    shown = [v.image for e in events(tmp_path) for v in e.summary.value if v.tag == "reconstructions"]
    with Image.open(io.BytesIO(shown[0].encoded_image_string)) as sheet:
        np.testing.assert_array_equal(np.asarray(sheet)[:6, 5:10], in_colour(images)[1])


def test_weights_are_the_same_with_and_without_a_log(recipe):
    first = training.train(recipe, "a", quiet=True).load_model().get_weights()
    second = training.train(recipe, "b", log="tensorboard", quiet=True).load_model().get_weights()
    for ours, theirs in zip(first, second, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_callbacks_of_keras_are_told_of_every_epoch(recipe):
    told = []
    callback = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: told.append((epoch, logs["loss"])))
    run = freyvae.train(recipe, "run", callbacks=[callback], quiet=True, pictures=False)
    assert [epoch for epoch, _ in told] == [0, 1, 2, 3, 4, 5]
    np.testing.assert_allclose([loss for _, loss in told], run.read_history()["loss"], rtol=1e-6)


def test_what_cannot_follow_a_training_is_refused_before_it(recipe, monkeypatch):
    with pytest.raises(BadInput, match="unknown log 'wandb': choose one of tensorboard"):
        training.train(recipe, "run", log="wandb", quiet=True)
    with pytest.raises(BadInput, match="callbacks must be a Callback"):
        training.train(recipe, "run", callbacks=[print], quiet=True)
    with pytest.raises(BadInput, match="callbacks must be"):
        freyvae.train(recipe, "run", callbacks=5, quiet=True)
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(BadInput, match=r'pip install "freyvae\[tensorboard\]"'):
        training.train(recipe, "run", log="tensorboard", quiet=True)
