from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import freyvae
from freyvae.run import Run


@pytest.fixture(scope="session")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run on squares of 8 by 8 pixels, bright or dark, in a folder of each, with four latents."""
    folder = tmp_path_factory.mktemp("labelled")
    noise = np.random.default_rng(0)
    for label, level in (("dark", 60), ("bright", 200)):
        (folder / "squares" / label).mkdir(parents=True)
        for number in range(20):
            pixels = level + noise.integers(-40, 41, (8, 8))
            Image.fromarray(pixels.astype("uint8")).save(folder / "squares" / label / f"{number}.png")
    recipe = freyvae.load_recipe("images").replace(
        data=str(folder / "squares"),
        epochs=300,
        patience=0,
        batch_size=16,
        hidden=(16,),
        latent_dim=4,
        latent_names=("light",),
    )
    return freyvae.train(recipe, folder / "run", quiet=True, pictures=False)


@pytest.fixture
def picture(labelled: Run) -> Path:
    """One of its pictures, a bright one."""
    return Path(labelled.recipe.data.source) / "bright" / "3.png"


@pytest.fixture
def other(labelled: Run) -> Path:
    """Another, a dark one."""
    return Path(labelled.recipe.data.source) / "dark" / "5.png"


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
