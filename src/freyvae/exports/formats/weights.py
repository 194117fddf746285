"""The networks of a run as plain arrays, with a description of their layers."""

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from freyvae.exports.format import ExportFormat
from freyvae.files import write_whole
from freyvae.model import LIKELIHOODS
from freyvae.run import Run

NAMES = "weights.npz", "weights.json"
WEIGHTS_FORMAT = 2  # format 1 also had `expected_pixels`, the name of a formula; the likelihood implies it


@dataclass(frozen=True)
class Weights(ExportFormat):
    """`weights.npz` and `weights.json`: plain arrays, and Keras's description of the layers."""

    name = "weights"

    def write(self, run: Run, out: Path | None) -> list[Path]:
        """As `ExportFormat.write`."""
        folder = self.folder(run, out)
        run.check_outputs(*(folder / name for name in NAMES))
        return _write(run.load_model(), folder)


def _write(vae: Any, folder: Path) -> list[Path]:
    import keras

    arrays: dict[str, np.ndarray[Any, Any]] = {}
    described: dict[str, Any] = {
        "format": WEIGHTS_FORMAT,
        "image_shape": list(vae.image_shape),
        "latent_dim": vae.latent_dim,
        "likelihood": LIKELIHOODS.saved(vae.pixel_likelihood),
        "posterior": vae.posterior_choice.name,
        "prior": vae.prior_choice.name,
    }
    for part in ("encoder", "decoder"):
        network = getattr(vae, part)
        for weight in network.weights:
            name = f"{part}/{weight.path.removeprefix(f'{network.name}/')}"
            arrays[name] = keras.ops.convert_to_numpy(weight.value)
        described[part] = json.loads(network.to_json())
    # of a posterior's flow, a learned prior, an autoregressive decoder and a channel palette, which no network has
    others = {
        "flow": vae.flow,
        "prior": vae.learned_prior,
        "autoregression": vae.autoregression,
        "channel_palette": vae.channel_palette,
    }
    for part, layer in others.items():
        for weight in layer.weights if layer is not None else ():
            arrays[f"{part}/{weight.name}"] = keras.ops.convert_to_numpy(weight.value)
    content = io.BytesIO()
    np.savez(content, **arrays)  # type: ignore[arg-type]
    described["arrays"] = {name: {"shape": list(a.shape), "dtype": str(a.dtype)} for name, a in arrays.items()}
    paths = [folder / name for name in NAMES]
    write_whole(paths[0], content.getvalue())
    write_whole(paths[1], json.dumps(described, indent=1) + "\n")
    return paths
