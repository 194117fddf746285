import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import freyvae
from freyvae.run import Run


@pytest.fixture(scope="session")
def sorted_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run on squares of 8 by 8 pixels, bright on the left or on the right, in a folder of each, with four latents."""
    folder = tmp_path_factory.mktemp("sorted")
    noise = np.random.default_rng(0)
    for label, place in (("left", slice(0, 4)), ("right", slice(4, 8))):
        (folder / "squares" / label).mkdir(parents=True)
        for number in range(30):
            pixels = noise.integers(20, 60, (8, 8))
            pixels[:, place] += noise.integers(100, 180)
            Image.fromarray(pixels.astype("uint8")).save(folder / "squares" / label / f"{number}.png")
    recipe = freyvae.load_recipe("frey-faces").replace(
        data=str(folder / "squares"), name="squares", split="random", epochs=30, batch_size=16, hidden=(16,),
        latent_dim=4, latent_names=(), learning_rate=0.01,
    )  # fmt: skip
    return freyvae.train(recipe, folder / "run", quiet=True, pictures=False)


@pytest.fixture
def squares(sorted_run: Run) -> Path:
    """The folder of its pictures."""
    return Path(sorted_run.recipe.data.source)


@pytest.fixture
def copied(sorted_run: Run, tmp_path: Path) -> Run:
    """The same run to change."""
    shutil.copytree(sorted_run.folder, tmp_path / "run")
    return Run(tmp_path / "run")


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
