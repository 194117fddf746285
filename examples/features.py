"""Codes as features for a classifier, beside pixels and their principal components (extra `scikit-learn`).

    python examples/features.py photos/ --labelled 20

`photos/` has a sub-folder for each label. The VAE is fitted to all training images, the classifiers to a few labelled
ones of each: that is what unlabelled pictures are good for.
"""

import argparse

import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

import freyvae


def flat(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1) / 255.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--image-size", default=None)
    parser.add_argument("--latents", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--labelled", type=int, default=20)
    chosen = parser.parse_args()
    images = freyvae.load_images(chosen.folder, image_size=chosen.image_size)
    if images.labels is None:
        raise SystemExit(f"{chosen.folder} has no labels: put the pictures of each into a sub-folder")
    labels, pixels = np.array(images.labels), images.images
    parts = freyvae.split_indices(len(pixels), "random", validation=0, test=0.25, seed=0)
    few = np.concatenate([parts.train[labels[parts.train] == label][: chosen.labelled] for label in np.unique(labels)])

    codes = freyvae.FreyvaeTransformer(chosen.latents, chosen.epochs, network="automatic", likelihood="gaussian")
    codes.fit(pixels[parts.train])
    components = make_pipeline(FunctionTransformer(flat), PCA(chosen.latents)).fit(pixels[parts.train])
    print(f"{len(few)} labelled images of {len(parts.train)}, scored on {len(parts.test)} others")
    for name, features in {
        "codes": codes.transform,
        "principal components": components.transform,
        "raw pixels": flat,
    }.items():
        classifier = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2000))
        classifier.fit(features(pixels[few]), labels[few])
        accuracy = classifier.score(features(pixels[parts.test]), labels[parts.test])
        print(f"  {name:22}{100 * accuracy:5.1f} %")


if __name__ == "__main__":
    main()
