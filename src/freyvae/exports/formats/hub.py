"""A folder for the Hugging Face Hub: the model, what it was made with, its numbers, pictures, and a model card."""

from dataclasses import dataclass, replace
from pathlib import Path

from freyvae.errors import BadInput
from freyvae.exports.card import is_card, last_part, text_of_card
from freyvae.exports.format import ExportFormat
from freyvae.files import write_whole
from freyvae.recipe import Recipe
from freyvae.run import Run

# pictures of a run that a card shows
SHOWN = ("reconstructions", "samples")


@dataclass(frozen=True)
class Hub(ExportFormat):
    """A folder for the Hugging Face Hub: the model, its recipe and numbers, and a model card."""

    name = "hub"

    def write(self, run: Run, out: Path | None) -> list[Path]:
        """As `ExportFormat.write`. Raises `BadInput` for a folder that holds a README.md of another kind, or a run."""
        return _write(run, self.folder(run, out, default="export/hub"))


def _write(run: Run, folder: Path) -> list[Path]:
    """Write README.md, with model.keras, recipe.toml, metrics.json and some pictures beside it.

    Of paths, the folders are left out: they say nothing elsewhere, and may tell of a person.
    """
    written, readme = Run(folder), folder / "README.md"
    # what is exported has no history
    is_run = written.history_path.is_file() or folder.resolve() == run.folder.resolve()
    if is_run or (not is_card(readme) and written.recipe_path.is_file()):
        raise BadInput(f"{folder} holds a run, and would be changed: choose another out=...")
    run.check_outputs(*(folder / f"{name}.png" for name in SHOWN))
    pictures = [path for name in SHOWN if (path := run.pictures_path / f"{name}.png").is_file()]
    text = text_of_card(run, [path.name for path in pictures])
    for path in [run.model_path, *pictures]:
        write_whole(folder / path.name, path.read_bytes())
    write_whole(written.recipe_path, _without_folders(run.recipe).to_toml())
    metrics = run.read_metrics()
    written.write_metrics({**metrics, "data": last_part(metrics["data"])})
    write_whole(readme, text)
    beside = [written.model_path, written.recipe_path, written.metrics_path]
    return [readme, *beside, *(folder / path.name for path in pictures)]


def _without_folders(recipe: Recipe) -> Recipe:
    """A recipe whose paths are the names of files and folders alone."""
    data, training = recipe.data, recipe.training
    labels, start_from = (None if path is None else last_part(path) for path in (data.labels, training.start_from))
    return replace(
        recipe,
        data=replace(data, source=last_part(data.source), labels=labels),
        training=replace(training, start_from=start_from),
    )
