"""The transformer of scikit-learn: its own checks, in a pipeline, and there and back."""

import subprocess
import sys
import types
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator

import freyvae
from freyvae.errors import BadInput
from freyvae.model.feeding import FedWithImages


def squares(count):
    """Images bright on the left, 0, or on the right, 1."""
    random = np.random.default_rng(0)
    sides = random.integers(0, 2, count)
    images = random.integers(0, 60, (count, 6, 6, 1))
    for image, side in zip(images, sides, strict=True):
        image[:, 3 * side : 3 * side + 3] += 150
    return images.astype("uint8"), sides


def small(**choices):
    return freyvae.FreyvaeTransformer(network=freyvae.networks.Dense(hidden=(8,)), **choices)


def test_it_passes_every_check_of_scikit_learn(monkeypatch):
    # a training compiles for seconds, and none of the checks is about what it finds
    monkeypatch.setattr(FedWithImages, "fit", lambda *given, **named: types.SimpleNamespace(history={"loss": [1.0]}))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the checks' own
        results = check_estimator(small(epochs=1), on_fail=None, on_skip=None)
    failed = {result["check_name"]: str(result["exception"]) for result in results if result["status"] == "failed"}
    assert not failed
    # the one that is skipped is about arrays of other libraries
    assert [result["check_name"] for result in results if result["status"] == "skipped"] in (
        [],
        ["check_array_api_input"],
    )


def test_in_a_pipeline_its_codes_are_features():
    images, sides = squares(200)
    model = make_pipeline(small(latent_dim=3, epochs=30, learning_rate=0.01), LogisticRegression())
    model.fit(images[:150], sides[:150])
    assert model.score(images[150:], sides[150:]) > 0.9
    fitted = model[0]
    assert fitted.history_["loss"][-1] < fitted.history_["loss"][0]
    assert list(fitted.get_feature_names_out()) == [f"freyvaetransformer{number}" for number in range(3)]
    codes = fitted.transform(images)
    assert (codes.shape, codes.dtype) == ((200, 3), np.float32)
    assert fitted.inverse_transform(codes).shape == (200, 6, 6, 1)
    assert fitted.score(images) == pytest.approx(-fitted.vae_.free_energy(images).total.mean())
    again = clone(fitted)
    assert again.get_params() == fitted.get_params()
    assert not hasattr(again, "vae_")


def test_a_table_is_images_of_a_shape_in_its_own_range():
    images, _ = squares(60)
    table = images.reshape(60, 36) / 10.0 - 3.0
    fitted = small(epochs=2, image_shape=(6, 6, 1)).fit(table)
    assert fitted.vae_.image_shape == (6, 6, 1)
    back = fitted.inverse_transform(fitted.transform(table))
    assert back.shape == table.shape
    assert table.min() <= back.min() <= back.max() <= table.max()
    with pytest.raises(BadInput, match="is not of the table's 36 columns"):
        small(image_shape=(5, 6, 1)).fit(table)


def test_images_of_another_size_are_refused():
    images, _ = squares(20)
    fitted = small(epochs=1).fit(images)
    with pytest.raises(BadInput, match="but this model is of 6 x 6 grey images"):
        fitted.transform(images[:, :5])


def test_importing_freyvae_does_not_import_scikit_learn():
    code = "import sys, freyvae; sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
