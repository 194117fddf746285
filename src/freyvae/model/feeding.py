"""What Keras's own methods are given: images past the gate, and arguments that are what they have to be."""

import os
import types
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from freyvae.arguments import in_words
from freyvae.data.channels import images_in_words
from freyvae.data.images import ImageSet, as_images
from freyvae.data.pixels import Given, Pixels, is_source, with_three_channels
from freyvae.engine.fit import fit
from freyvae.engine.keras_internals import keeping_state, trained_by
from freyvae.engine.shuffling import fed_by_keras
from freyvae.errors import BadInput
from freyvae.model.checks import check_targets, checked_feeding

# arguments that the loss has no place for
WEIGHTS = ("sample_weight", "class_weight")


class FedWithImages(keras.Model):
    """A Keras model whose methods take whatever `as_images` takes, or a data set that gives uint8.

    Attributes:
        image_shape: (height, width, channel) of its images.
        seed: of the order in which they are shown.
    """

    image_shape: tuple[int, int, int]
    seed: int

    def fit(self, x: Any = None, y: Any = None, **kwargs: Any) -> keras.callbacks.History:
        """Keras's `fit`, run in whichever way of `freyvae.engine` suits the model.

        Images may be whatever `as_images` takes, or a data set that Keras feeds: that one has to give uint8.

        Raises:
            BadInput: the images have another shape or are no images, there are weights of samples or classes, an
                argument is not what it has to be, or layers were frozen since `compile`.
        """
        kwargs = self._checked(kwargs)
        self._build_optimizer()
        x = self._gate(x, "training images")
        check_targets(x, y)
        held_out = kwargs.get("validation_data")
        if isinstance(held_out, tuple) and held_out:  # Keras's (images,), or with targets
            images = self._gate(held_out[0], "validation images")
            kwargs["validation_data"] = images if len(held_out) == 1 else (images, *held_out[1:])
        elif held_out is not None:
            kwargs["validation_data"] = self._gate(held_out, "validation images")
        return fit(self, x, y, kwargs, seed=self.seed, keras_fit=super().fit)

    def evaluate(self, x: Any = None, y: Any = None, **kwargs: Any) -> Any:
        """Keras's `evaluate`, of images as `fit` takes them, and with its errors."""
        kwargs = self._checked(kwargs)
        if "_use_cached_eval_dataset" not in kwargs:  # Keras's own, in the middle of `fit`
            x = self._gate(x, "images")
            check_targets(x, y)
            x = fed_by_keras(x, kwargs.get("batch_size"))
        with keeping_state(self):
            return super().evaluate(x, y, **kwargs)

    def predict(self, x: Any, **kwargs: Any) -> Any:
        """Keras's `predict`, of images as `fit` takes them: what `call` returns, as numpy arrays."""
        kwargs = self._checked(kwargs)
        x = fed_by_keras(self._gate(x, "images"), kwargs.get("batch_size"))
        with keeping_state(self):
            return super().predict(x, **kwargs)

    def train_on_batch(self, x: Any, y: Any = None, **kwargs: Any) -> Any:
        """Keras's `train_on_batch`, of images as `as_images` takes them, and with the errors of `fit`."""
        kwargs, images = self._checked(kwargs), self._images(x)[:]
        check_targets(images, y)
        self._build_optimizer()
        with keeping_state(self):
            return super().train_on_batch(images, y, **kwargs)

    def test_on_batch(self, x: Any, y: Any = None, **kwargs: Any) -> Any:
        """Keras's `test_on_batch`, likewise."""
        kwargs, images = self._checked(kwargs), self._images(x)[:]
        check_targets(images, y)
        with keeping_state(self):
            return super().test_on_batch(images, y, **kwargs)

    def predict_on_batch(self, x: Any) -> Any:
        """Keras's `predict_on_batch`, likewise."""
        images = self._images(x)[:]
        with keeping_state(self):
            return super().predict_on_batch(images)

    def _checked(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Arguments of Keras's methods, those that are left as they are by default left out; raises `BadInput`."""
        for name in WEIGHTS:
            if arguments.get(name) is not None:
                raise BadInput(f"{name} has no effect here, every image counts alike: leave it out")
        return checked_feeding(arguments)

    def _build_optimizer(self) -> None:
        """Have the optimizer's variables, for these weights and no others. Raises `BadInput` where that is too late."""
        if getattr(self, "optimizer", None) is None:
            raise BadInput("the model has no optimizer: call compile first")
        known = trained_by(self.optimizer)
        # Keras's optimizers train the variables that they were built for, whatever was frozen since
        if known is not None and [*map(id, known)] != [*map(id, self.trainable_variables)]:
            raise BadInput("layers were frozen or thawed since the model was compiled: call compile again")
        self.optimizer.build(self.trainable_variables)

    def _gate(self, images: Any, name: str) -> Any:
        """Arrays of any library pass the one gate; a data set object of some framework is left to Keras.

        What such a one gives passes `_images_of_step`, batch by batch.
        """
        is_ours = isinstance(images, (list, tuple, range, ImageSet, Pixels)) or is_source(images)
        if is_ours or hasattr(images, "__array__"):
            return self._images(images, name)
        if isinstance(images, (str, bytes, os.PathLike)):
            raise BadInput(f"{name} must be an array, not a path: freyvae.load_images({in_words(images)}) reads one")
        if isinstance(images, keras.utils.PyDataset):
            return images
        # of iterators Keras knows generators alone
        is_odd_iterator = isinstance(images, Iterator) and not isinstance(images, types.GeneratorType)
        if isinstance(images, (dict, set)) or is_odd_iterator or not hasattr(images, "__iter__"):
            raise BadInput(f"{name} must be an array of images or a data set, not {type(images).__name__}")
        return images

    def _images_of_step(self, images: Any) -> Any:
        """What the model is called on, as uint8 of its shape; pixels that are not there yet can only be asked for it.

        Raises `BadInput` as `__call__` does.
        """
        dtype, shape = getattr(images, "dtype", None), getattr(images, "shape", None)
        if dtype is not None and shape is not None and not isinstance(images, np.ndarray):
            if keras.backend.standardize_dtype(dtype) == "uint8" and tuple(shape[1:]) == self.image_shape:
                return images
            try:
                np.asarray(images)
            except Exception:  # a tensor in the middle of a compilation, or a symbol: each backend has its own error
                given = f"{keras.backend.standardize_dtype(dtype)} of {tuple(shape[1:])}"
                raise BadInput(
                    f"a data set must give uint8 images of shape {self.image_shape}, not {given}: "
                    "freyvae.as_images makes it of arrays"
                ) from None
        return self._images(images)

    def _images(self, images: Any, name: str = "images") -> Any:
        """Images as uint8 of this model's shape: an array, or `Pixels`. Raises `BadInput` for what is none."""
        if isinstance(images, ImageSet):
            images = images.images
        elif is_source(images):
            images = Given(images, name)
        pixels = images if isinstance(images, Pixels) else as_images(images, name=name)
        if pixels.shape[3] == 1 and self.image_shape[2] == 3:
            pixels = with_three_channels(pixels)  # grey, shown to a model of colour
        if pixels.shape[1:] != self.image_shape:
            raise BadInput(
                f"{name} are {images_in_words(pixels.shape[1:])}, but this model is of "
                f"{images_in_words(self.image_shape)}"
            )
        return pixels
