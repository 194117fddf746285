"""Loading a saved model, trusting nothing in it."""

import json
import math
import warnings
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np

from freyvae.errors import BadInput, few_words
from freyvae.files import as_path
from freyvae.model.vae import VAE

MOST_BYTES_OF_CONFIG = 64 * 2**20


def load_vae(path: str | Path) -> VAE:
    """A `VAE` from a `.keras` file, in Keras's safe mode: a file that holds code is refused, never run.

    Raises:
        BadInput: the file is missing, truncated, of another kind, holds a Lambda or an unregistered class, or holds
            a model that is no `VAE`.
    """
    path = as_path("path", path)
    check_keras_file(path)
    try:
        with warnings.catch_warnings():
            # of a model that was saved before it trained
            warnings.filterwarnings("ignore", message="Skipping variable loading for optimizer")
            model: Any = keras.saving.load_model(path, safe_mode=True)
    except BadInput:
        raise
    except Exception as error:  # Keras raises whatever its readers raise
        raise BadInput(f"{path} cannot be loaded in safe mode: {few_words(error)}") from error
    if not isinstance(model, VAE):
        raise BadInput(f"{path} holds a {type(model).__name__}, not a freyvae VAE")
    if not all(np.isfinite(keras.ops.convert_to_numpy(weight.value)).all() for weight in model.weights):
        raise BadInput(f"{path} holds weights that are no numbers (NaN or infinite): train again with fresh=True")
    return model


def check_keras_file(path: Path) -> None:
    """Refuse what can be seen at a glance to be no model's file, truncated, or to claim more than is in it.

    Nothing is allocated for a claim before: a layer has at least as many weights as units, and each takes a byte.

    Raises:
        BadInput: it is.
    """
    if not path.is_file():
        raise BadInput(f"no model at {path}" + (": it is no plain file" if path.exists() else ""))
    if not zipfile.is_zipfile(path):
        raise BadInput(f"{path} is no Keras model, or is truncated: train again with fresh=True")
    size = path.stat().st_size
    try:
        with zipfile.ZipFile(path) as archive:
            # Keras compresses nothing
            claimed = sum(entry.file_size for entry in archive.infolist())
            if claimed > 4 * size + 2**20 or archive.getinfo("config.json").file_size > MOST_BYTES_OF_CONFIG:
                raise BadInput(f"{path} claims {claimed} bytes, and has {size}: it is damaged, or no Keras model")
            config = json.loads(archive.read("config.json"))
            weights = max(_weights_of_layers(config), _weights_of_choices(config))
    except BadInput:
        raise
    except Exception as error:  # damaged files make zipfile raise almost anything
        raise BadInput(f"{path} cannot be loaded in safe mode: {few_words(error)}") from error
    if weights > size:
        raise BadInput(f"{path} describes layers of {weights} weights, and has {size} bytes: it is damaged")


def _weights_of_choices(config: Any) -> int:
    """How many weights the choices of a VAE ask for beside its networks, at the least."""
    choices = config.get("config") if isinstance(config, dict) else None
    if not isinstance(choices, dict):
        return 0

    counted = [choices.get("prior_components"), choices.get("flow_length")]  # of versions before 0.2
    for name in ("prior", "posterior"):
        if isinstance(choices.get(name), dict):
            counted += choices[name].values()
        elif choices.get(name) in (None, "standard-normal", "diagonal-normal"):
            counted[("prior", "posterior").index(name)] = None
    latents = choices.get("latent_dim")
    return max([count for count in counted if isinstance(count, int)], default=0) * (
        latents if isinstance(latents, int) else 0
    )


def _weights_of_layers(config: Any) -> int:
    """How many weights the layers of a configuration have, at the least."""
    if isinstance(config, list):
        return sum(map(_weights_of_layers, config))
    if not isinstance(config, dict):
        return 0
    own, shape = 0, (config.get("build_config") or {}).get("input_shape") or [1]
    if isinstance(config.get("config"), dict):
        choices = config["config"]
        outputs = next((choices[key] for key in ("units", "filters") if isinstance(choices.get(key), int)), 0)
        inputs = shape[-1] if isinstance(shape[-1], int) else 1
        kernel = choices.get("kernel_size") or [1]
        size = math.prod(kernel if isinstance(kernel, list) else [kernel])
        # a separable convolution has two kernels, one over the pixels and one over the channels
        own = inputs * max(outputs, size) if "depth_multiplier" in choices else outputs * inputs * size
        groups = choices.get("groups")
        own //= groups if isinstance(groups, int) and groups > 0 else 1
    return own + sum(map(_weights_of_layers, config.values()))
