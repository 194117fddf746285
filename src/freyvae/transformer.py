"""A VAE as a transformer of scikit-learn: images to codes, and back."""

from typing import Any

import numpy as np

from freyvae.errors import BadInput

try:
    from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as error:
    raise BadInput("FreyvaeTransformer needs the extra: pip install 'freyvae[scikit-learn]'") from error

from freyvae.data import as_images


class FreyvaeTransformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Fits a `VAE` to images, and turns images into codes: posterior means.

    Images are what `as_images` takes: (image, height, width) or (image, height, width, channel). scikit-learn's own
    tables (image, pixel) are taken too: as images of `image_shape`, or else of one row of pixels. A table's values may
    be of any range: the least and the greatest that `fit` sees become black and white, but for uint8.

    Args:
        latent_dim: numbers of a code.
        epochs: passes over the images.
        batch_size: images a step; at most as many as there are.
        image_shape: (height, width, channel) of the images in a table; None for (1, pixels, 1).
        network: as `VAE` takes it.
        likelihood: likewise.
        prior: likewise.
        posterior: likewise.
        objective: likewise.
        learning_rate: of Adam.
        random_state: a seed, 0 or more; None for 0.

    Attributes:
        vae_: the fitted `VAE`.
        history_: its losses, name -> a number an epoch.
        range_: the values that became black and white, (0, 255) of images.
        n_features_in_: of a table, its columns.
    """

    def __init__(
        self,
        latent_dim: int = 2,
        epochs: int = 100,
        *,
        batch_size: int = 100,
        image_shape: tuple[int, int, int] | None = None,
        network: Any = "dense",
        likelihood: Any = "discretized-logistic",
        prior: Any = "standard-normal",
        posterior: Any = "diagonal-normal",
        objective: Any = "free-energy",
        learning_rate: float = 1e-3,
        random_state: int | None = None,
    ):
        self.latent_dim = latent_dim
        self.epochs = epochs
        self.batch_size = batch_size
        self.image_shape = image_shape
        self.network = network
        self.likelihood = likelihood
        self.prior = prior
        self.posterior = posterior
        self.objective = objective
        self.learning_rate = learning_rate
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> "FreyvaeTransformer":  # noqa: N803
        """Fit a new model to images; `y` is not looked at.

        Raises:
            BadInput: they are no images, or a choice is none.
        """
        import keras

        from freyvae.model import VAE

        images = self._images(X, reset=True)
        seed = 0 if self.random_state is None else self.random_state
        self.vae_ = VAE(
            images.shape[1:],
            self.latent_dim,
            network=self.network,
            likelihood=self.likelihood,
            prior=self.prior,
            posterior=self.posterior,
            objective=self.objective,
            seed=seed,
        )
        self.vae_.compile(optimizer=keras.optimizers.Adam(self.learning_rate))
        self.vae_.start_at(images)
        fitted = self.vae_.fit(images, epochs=self.epochs, batch_size=min(self.batch_size, len(images)), verbose=0)
        self.history_ = {name: list(map(float, values)) for name, values in fitted.history.items()}
        return self

    def transform(self, X: Any) -> np.ndarray:  # noqa: N803
        """Codes of images: posterior means, float32 (image, latent). Raises `BadInput` for another size."""
        check_is_fitted(self)
        codes: np.ndarray = self.vae_.encode(self._images(X, reset=False))
        return codes

    def inverse_transform(self, X: Any) -> np.ndarray:  # noqa: N803
        """Images of codes: of a model fitted to images, expected pixels in [0, 1], (image, height, width, channel).

        Of one that was fitted to a table they are rows of it, (image, pixel), in its own range.
        """
        check_is_fitted(self)
        pixels: np.ndarray = self.vae_.decode(X)
        if not hasattr(self, "n_features_in_"):
            return pixels
        low, high = self.range_
        return np.asarray(low + (high - low) * pixels.reshape(len(pixels), -1))

    def score(self, X: Any, y: Any = None) -> float:  # noqa: N803
        """Minus the mean free energy of images, in nats: a lower bound of log p(x), higher is better."""
        check_is_fitted(self)
        return -float(self.vae_.free_energy(self._images(X, reset=False)).total.mean())

    def __sklearn_tags__(self) -> Any:
        """Codes are float32, whatever the images are."""
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags

    @property
    def _n_features_out(self) -> int:
        return int(self.vae_.latent_dim)

    def _images(self, values: Any, *, reset: bool) -> np.ndarray:
        """Images of whatever is given, uint8 (image, height, width, channel)."""
        if _axes(values) in (3, 4):
            if reset:
                self.range_ = (0.0, 255.0)
                for name in ("n_features_in_", "feature_names_in_"):
                    self.__dict__.pop(name, None)
            return as_images(values)
        table = validate_data(self, values, reset=reset)
        if reset:
            self.range_ = (0.0, 255.0) if table.dtype == np.uint8 else (float(table.min()), float(table.max()))
        shape = (1, table.shape[1], 1) if self.image_shape is None else tuple(self.image_shape)
        if np.prod(shape) != table.shape[1]:
            raise BadInput(f"image_shape {shape} is not of the table's {table.shape[1]} columns")
        low, high = self.range_
        scaled = (np.asarray(table, np.float64) - low) / (high - low or 1.0)
        return np.rint(255 * np.clip(scaled, 0, 1)).astype(np.uint8).reshape(len(table), *shape)


def _axes(values: Any) -> int:
    """How many axes an array or lists of numbers have; 0 of what is no array."""
    try:
        return int(getattr(values, "ndim", None) or np.asarray(values).ndim)
    except ValueError:  # lists of different lengths
        return 0
