"""Codes as features for a classifier, beside pixels and their principal components (extra `scikit-learn`).

    python examples/features.py photos/ --labelled 20

`photos/` has a sub-folder for each label. The VAE is fitted to all training images, the classifiers to a few labelled
ones of each. Sixty epochs of 1,500 images of 32 x 32 take under a minute on one core.
"""

import argparse
import sys

import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

import freyvae


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="of images, a sub-folder for each label")
    parser.add_argument("--image-size", help="that all images are brought to, such as 32x32; needed where they differ")
    parser.add_argument("--latents", type=int, default=32, help="numbers of a code, and principal components")
    parser.add_argument("--network", default="dense", help="of the VAE: convolutional takes longer and sees more")
    parser.add_argument("--epochs", type=int, default=60, help="of the VAE")
    parser.add_argument("--labelled", type=int, default=20, help="images of each label that a classifier sees")
    arguments = parser.parse_args()
    try:
        compare(arguments)
    except freyvae.FreyvaeError as error:
        sys.exit(f"features: {error}")


def compare(arguments: argparse.Namespace) -> None:
    """Fit the VAE, then a classifier for each kind of features, and say how often each is right."""
    images = freyvae.load_images(arguments.folder, image_size=arguments.image_size)
    if images.labels is None:
        sys.exit(f"features: {arguments.folder} has no labels: put the pictures of each into a sub-folder")
    labels, pixels = np.array(images.labels), images.images
    parts = freyvae.split_indices(len(pixels), "random", validation=0, test=0.25, seed=0)
    train, test = pixels[parts.train], pixels[parts.test]
    of_labels = [np.flatnonzero(labels[parts.train] == label)[: arguments.labelled] for label in np.unique(labels)]
    few = np.concatenate(of_labels)

    print(f"fitting a VAE to {len(train)} images, {arguments.epochs} epochs", flush=True)
    codes = freyvae.FreyvaeTransformer(
        arguments.latents, arguments.epochs, network=arguments.network, likelihood="gaussian"
    ).fit(train)
    components = make_pipeline(FunctionTransformer(flat), PCA(min(arguments.latents, *flat(train).shape))).fit(train)
    print(f"{len(few)} labelled images of {len(train)}, scored on {len(test)} others")
    for name, features in {
        "codes": codes.transform,
        "principal components": components.transform,
        "raw pixels": flat,
    }.items():
        classifier = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2000))
        classifier.fit(features(train[few]), labels[parts.train][few])
        right = classifier.score(features(test), labels[parts.test])
        print(f"  {name:22}{100 * right:5.1f} ± {100 * np.sqrt(right * (1 - right) / len(test)):.1f} %")


def flat(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1) / 255.0


if __name__ == "__main__":
    main()
