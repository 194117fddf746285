"""The two traps of the 2016 post, measured: trains its recipe and the mended ones, and prints the tables of the docs.

`python examples/two_traps.py` takes about a minute on two cores and needs the Frey faces; with `--out FOLDER` it keeps
the runs there and reloads them the next time. What the figures mean is in docs/the-post.md.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np

import freyvae
from freyvae.evaluation import mean_image_rmse_grey_levels, rmse_grey_levels
from freyvae.model.likelihoods import Bernoulli

POST = freyvae.load_recipe("blog-2016")
RECIPES = {
    "the post, to the letter": POST,
    "noise 1, loss averaged": POST.replace(name="noise-1", noise_scale=1.0),
    "noise 0.01, loss summed": POST.replace(name="summed", average_distortion=False),
    "noise 1, loss summed": POST.replace(name="both", noise_scale=1.0, average_distortion=False),
    "our default, `frey-faces`": freyvae.load_recipe("frey-faces"),
}
DRAWS = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=100, help="of each training (the post's: 100)")
    parser.add_argument("--seed", type=int, default=0, help="of each training")
    parser.add_argument("--out", type=Path, help="folder for the runs (default: a temporary one)")
    arguments = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory() as temporary:
            print("\n".join(report(arguments.out or Path(temporary), arguments.epochs, arguments.seed)))
    except freyvae.FreyvaeError as error:
        sys.exit(f"two_traps: {error}")


def report(folder: Path, epochs: int, seed: int) -> list[str]:
    faces = freyvae.load_frey_faces()
    train, validation = freyvae.split(faces, "blog")
    floor = Bernoulli().least_nats(validation)
    return [
        *recipes_table(folder, train, validation, epochs=epochs, seed=seed),
        "",
        f"Floor of the cross-entropy: {Bernoulli().least_nats(faces):.1f} nats per image on all frames; "
        f"{floor:.1f} on the validation frames, or {floor / validation[0].size:.3f} per pixel.",
        "",
        *splits_table(faces),
    ]


def recipes_table(folder: Path, train: np.ndarray, validation: np.ndarray, *, epochs: int, seed: int) -> list[str]:
    """One row a recipe, measured on the 100 validation frames; the first row answers with the mean training face."""
    measures = ["loss", "val loss", "free energy, nats", "rate, nats", "RMSE, grey levels", "RMSE / 255"]
    deviations = ["deviation of the codes", "deviation of the posterior"]
    rows = [["", *measures, *deviations], ["---", *["---:"] * len(measures + deviations)]]
    error = mean_image_rmse_grey_levels(train, validation)
    energy = mean_face_distortion_nats(train, validation)
    rows.append(["the mean face", "", "", f"{energy:.1f}", "0", f"{error:.1f}", f"{error / 255:.3f}", "", ""])
    for label, recipe in RECIPES.items():
        print(f"training {recipe.name}", file=sys.stderr, flush=True)
        run = freyvae.train(recipe.replace(epochs=epochs, seed=seed), folder / recipe.name, quiet=True, pictures=False)
        vae, training = run.load_model(), run.training
        # the model's own: noise of deviation 1, distortion summed, whatever the training did
        parts = vae.free_energy(validation, samples=DRAWS)
        rate = parts.rate.mean()
        codes, log_variance = vae.encoder.predict(validation, verbose=0)
        error = rmse_grey_levels(vae, validation)
        rows.append(
            [
                label,
                *(
                    f"{loss:.{3 if recipe.objective.average_distortion else 1}f}"
                    for loss in (training.loss, training.val_loss)
                ),
                f"{parts.total.mean():.1f}",
                f"{rate:.{3 if rate < 0.1 else 1}f}",
                f"{error:.1f}",
                f"{error / 255:.3f}",
                " ".join(f"{deviation:.2f}" for deviation in codes.std(axis=0)),
                " ".join(f"{deviation:.2f}" for deviation in np.exp(0.5 * log_variance).mean(axis=0)),
            ]
        )
    return [f"| {' | '.join(row)} |" for row in rows]


def mean_face_distortion_nats(train: np.ndarray, validation: np.ndarray) -> float:
    """Cross-entropy of the validation frames under the mean training face: a free energy whose rate is 0."""
    mean, pixels = train.mean(axis=0) / 255, validation / 255
    return float(-(pixels * np.log(mean) + (1 - pixels) * np.log1p(-mean)).sum() / len(validation))


def splits_table(faces: np.ndarray) -> list[str]:
    """How near the held-out frames are to the training frames, for each way to split the video."""
    rows = [
        ["split", "held-out frames", "next to a training frame", "RMSE to the nearest training frame, grey levels"],
        ["---", "---:", "---:", "---:"],
    ]
    for scheme in ("blog", "random", "blocked"):
        split = freyvae.split_indices(len(faces), scheme, is_video=True)
        held_out = np.concatenate([split.validation, split.test])
        adjacent = np.isin(held_out - 1, split.train) | np.isin(held_out + 1, split.train)
        error = nearest_rmse_grey_levels(faces[split.train], faces[held_out])
        rows.append([scheme, str(len(held_out)), f"{adjacent.mean():.1%}", f"{error:.1f}"])
    return [f"| {' | '.join(row)} |" for row in rows]


def nearest_rmse_grey_levels(train: np.ndarray, held_out: np.ndarray) -> float:
    """Root mean square error of a model that answers each image with the training image most like it."""
    known, asked = (images.reshape(len(images), -1).astype(np.float64) for images in (train, held_out))
    squares = np.square(asked).sum(axis=1)[:, None] + np.square(known).sum(axis=1) - 2 * asked @ known.T
    return float(np.sqrt(squares.min(axis=1).mean() / asked.shape[1]))


if __name__ == "__main__":
    main()
