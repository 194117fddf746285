"""Loading a saved model, trusting nothing in it."""

import zipfile
from pathlib import Path
from typing import Any

import keras

from freyvae.errors import BadInput
from freyvae.model.vae import VAE


def load_vae(path: str | Path) -> VAE:
    """A `VAE` from a `.keras` file, in Keras's safe mode: a file that holds code is refused, never run.

    Raises:
        BadInput: the file is missing, truncated, of another kind, holds a Lambda or an unregistered class, or holds
            a model that is no `VAE`.
    """
    path = Path(path)
    check_keras_file(path)
    try:
        model: Any = keras.saving.load_model(path, safe_mode=True)
    except BadInput:
        raise
    except Exception as error:  # Keras raises whatever its readers raise
        # Keras wraps what went wrong in what it was reading when it did
        reason = " ".join(str(error).split("Exception encountered: ")[-1].split())[:200]
        raise BadInput(f"{path} cannot be loaded in safe mode: {reason}") from error
    if not isinstance(model, VAE):
        raise BadInput(f"{path} holds a {type(model).__name__}, not a freyvae VAE")
    return model


def check_keras_file(path: Path) -> None:
    """Raise `BadInput` where there is no file, or where it can be seen at a glance to be no model's, or truncated."""
    if not path.is_file():
        raise BadInput(f"no model at {path}")
    if not zipfile.is_zipfile(path):
        raise BadInput(f"{path} is no Keras model, or is truncated: train again with --fresh")
