"""The explorer's page on the first page of the site: of a model that the build trains."""

from pathlib import Path

from sphinx.application import Sphinx

import freyvae
from extensions import made
from freyvae.data import DataUnavailable

BUILT = Path(__file__).parents[2] / "build" / "site"
FRAME = """\
<div class="explorer"><iframe src="explorer.html" title="Explorer: {title}" loading="lazy"></iframe></div>

*{caption}* <a href="explorer.html">The page alone</a>.
"""


def trained() -> tuple[freyvae.Run, str]:
    """A run of the default recipe, on drawn faces where the Frey faces can't be had, and what it was trained on."""
    recipe = freyvae.load_recipe("frey-faces")
    try:
        faces = freyvae.load_frey_faces()
        said = f"the {len(faces)} Frey faces"
    except DataUnavailable:
        recipe, said = recipe.replace(name="drawn", data="synthetic-faces"), "drawn faces, since the Frey faces can't be had here"
    run = freyvae.train(recipe, BUILT / recipe.name, quiet=True, pictures=False)
    return run, said


def _train(app: Sphinx) -> None:
    if app.builder.format != "html":
        made.MADE["explorer"] = lambda: ""
        return
    run, said = trained()
    extra = BUILT / "extra"
    freyvae.export(run, "html", extra / "explorer.html")
    app.config.html_extra_path.append(str(extra))
    caption = (
        f"Trained by the build of this site: the recipe `frey-faces`, {run.recipe.training.epochs} epochs, on {said}. "
        "Drag on the plane, or move a slider: your browser decodes each face."
    )
    made.MADE["explorer"] = lambda: FRAME.format(title=f"two latents of {said}", caption=caption)


def setup(app: Sphinx) -> dict[str, bool]:
    """Train before the first page is read."""
    app.connect("builder-inited", _train)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
