"""A likelihood of one's own: a Laplace distribution cut into the 256 grey levels, trained on the Frey faces.

It is one class. Training, saving, loading, measures, the explorer's page and ONNX take it as they take those that are
shipped: the class says what it is, and its mean is written in the operations that page and ONNX run.

    python examples/own_likelihood.py --epochs 20 --out runs/own-likelihood

Prints how the three decoders differ, in grey levels of 255: Keras, ONNX (extra `onnx`, and onnxruntime), and the page,
where playwright and Chromium are installed.
"""

import argparse
import math
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import freyvae  # chooses Keras's backend, before Keras is imported

import keras  # isort: skip
from keras import ops  # isort: skip

from freyvae.evaluation import importance_sampled
from freyvae.explorer.bundle import make_bundle
from freyvae.explorer.onnx_export import write_onnx
from freyvae.explorer.page import page_text
from freyvae.model import PROBABILITY_OF_BYTES, Likelihood


@keras.saving.register_keras_serializable("example")
@dataclass(frozen=True)
class DiscretizedLaplace(Likelihood):
    """P(x) = F((x + 1/2 - m) / w) - F((x - 1/2 - m) / w), F the Laplace distribution function.

    The first and last level take the tails. Heavier than a logistic about its middle: sharp edges surprise it less.
    """

    name = "discretized-laplace"
    kind = PROBABILITY_OF_BYTES
    start_scale: float = 0.05

    @property
    def parameters_per_value(self):
        """A location, squashed, and a log-scale."""
        return 2

    def _location_and_scale(self, parameters):
        location, log_scale = self.apart(parameters)
        log_scale = ops.maximum(log_scale + math.log(self.start_scale), math.log(0.1 / 255))
        return ops.sigmoid(location), ops.exp(log_scale)

    def log_prob_of_values(self, parameters, levels):
        """See `Likelihood.log_prob_of_values`."""
        location, scale = self._location_and_scale(parameters)
        upper = ((levels + 0.5) / 255 - location) / scale
        lower = ((levels - 0.5) / 255 - location) / scale

        def below(values):  # F
            tail = 0.5 * ops.exp(-ops.abs(values))
            return ops.where(values > 0, 1 - tail, tail)

        mass = ops.where(levels < 254.5, below(upper), 1.0) - ops.where(levels > 0.5, below(lower), 0.0)
        # far from the location the difference of two numbers near 1 is lost: there, the density times the width
        density = -ops.abs(levels / 255 - location) / scale - ops.log(2 * 255 * scale)
        return ops.where(mass > 1e-5, ops.log(ops.maximum(mass, 1e-5)), ops.minimum(density, math.log(1e-5)))

    def mean(self, parameters):
        """The location."""
        return ops.sigmoid(self.by_parameter(parameters)[:, :, :, 0])

    def sample(self, parameters, seed):
        """See `Likelihood.sample`: the inverse of F makes uniform numbers Laplacian."""
        location, scale = self._location_and_scale(parameters)
        uniform = keras.random.uniform(ops.shape(location), -0.5 + 1e-6, 0.5 - 1e-6, seed=seed)
        drawn = location - scale * ops.sign(uniform) * ops.log(1 - 2 * ops.abs(uniform))
        drawn = ops.cast(ops.round(255 * ops.clip(drawn, 0, 1)), "uint8")
        return ops.reshape(drawn, (-1, *self.image_shape(parameters)))


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--epochs", type=int, default=20)
    arguments.add_argument("--out", type=Path, default=Path("runs/own-likelihood"))
    arguments.add_argument("--synthetic", action="store_true", help="drawn faces in place of the real ones")
    given = arguments.parse_args()

    faces = freyvae.synthetic_faces() if given.synthetic else freyvae.load_frey_faces()
    train, held_out = freyvae.split(faces, "blog")
    vae = freyvae.VAE((28, 20, 1), 2, likelihood=DiscretizedLaplace(start_scale=0.05), seed=0)
    vae.compile(optimizer="adam")
    vae.fit(train, validation_data=held_out, epochs=given.epochs, batch_size=100, verbose=0)
    given.out.mkdir(parents=True, exist_ok=True)
    vae.save(given.out / "model.keras")
    loaded = freyvae.load(given.out / "model.keras")

    measured = importance_sampled(loaded, held_out, samples=100)
    bits = 560 * math.log(2)
    print(f"held out: free energy {measured.free_energy.mean() / bits:.3f} bits per dimension,")
    print(f"          -log p(x)   {measured.nll.mean() / bits:.3f} (100 samples)")

    codes = loaded.encode(held_out)
    expected = loaded.decode(codes)
    print("difference of the decoded faces from Keras's, grey levels of 255 at most:")
    print(f"  the model before it was saved: {_grey_levels(vae.decode(codes), expected):.4f}")
    print(f"  ONNX:                          {_onnx(loaded, codes, expected, given.out)}")
    print(f"  the page:                      {_page(loaded, held_out, codes, expected, given.out)}")


def _grey_levels(one, other):
    return float(np.abs(np.asarray(one) - other).max() * 255)


def _onnx(vae, codes, expected, folder):
    try:
        import onnxruntime
    except ImportError:
        return "not compared, onnxruntime is not installed"
    write_onnx(vae, folder)
    session = onnxruntime.InferenceSession(folder / "decoder.onnx")
    return f"{_grey_levels(session.run(['pixels'], {'latents': codes})[0], expected):.4f}"


def _page(vae, images, codes, expected, folder):
    page = folder / "explorer.html"
    page.write_text(page_text(make_bundle(vae, images, title="A likelihood of one's own")), encoding="utf-8")
    chromium = shutil.which("chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        chromium = None
    if chromium is None:
        return f"not compared, playwright or Chromium is not installed; it is {page}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        tab = browser.new_page()
        tab.goto(page.resolve().as_uri())
        tab.wait_for_function("() => globalThis.freyvae")
        pixels = tab.evaluate("codes => codes.map(code => Array.from(freyvae.decode(code)))", codes.tolist())
        browser.close()
    return f"{_grey_levels(np.array(pixels).reshape(expected.shape) / 255, expected):.4f}, rounded to whole levels"


if __name__ == "__main__":
    main()
