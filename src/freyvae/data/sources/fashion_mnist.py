"""Pictures of clothes, in the files of MNIST."""

from __future__ import annotations

from dataclasses import dataclass

from freyvae.data.mnist_files import MnistFiles


@dataclass(frozen=True)
class FashionMnist(MnistFiles):
    """Fashion-MNIST (Xiao, Rasul & Vollgraf 2017), in grey levels."""

    name = "fashion-mnist"
    recipe = "images-density"
