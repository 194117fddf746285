"""The explorer's page on the first page of the site: of a model that the build trains."""

from pathlib import Path

from sphinx.application import Sphinx

import freyvae
from extensions import made
from freyvae.data import DataUnavailable

BUILT = Path(__file__).parents[2] / "build" / "site"
FRAME = """\
<div class="explorer"><iframe src="faces.html#z={code}" title="Explorer of {title}" loading="lazy"></iframe></div>

*{caption}* <a href="faces.html">The page alone</a>.
"""


# of the held-out images, which one the page begins at
FIRST = 50


def trained() -> tuple[freyvae.Run, str, str]:
    """A run of the default recipe, on drawn faces where the Frey faces can't be had; on what; a code to begin at."""
    recipe = freyvae.load_recipe("frey-faces")
    try:
        faces, name, said = freyvae.load_frey_faces(), "Frey faces", "the Frey faces"
    except DataUnavailable:
        faces, name, said = freyvae.synthetic_faces().images, "Drawn faces", "drawn faces, for want of the Frey faces"
        recipe = recipe.replace(data="synthetic-faces")
    recipe = recipe.replace(name=name)
    run = freyvae.train(recipe, BUILT / name.replace(" ", "-").lower(), fresh=True, quiet=True, pictures=False)
    _, held_out = freyvae.split(faces, "blog")
    code = run.load_model().encode(held_out[FIRST : FIRST + 1])[0]
    return run, said, ",".join(f"{value:.2f}" for value in code)


def _train(app: Sphinx) -> None:
    if app.builder.format != "html":
        made.MADE["explorer"] = lambda: ""
        return
    run, said, code = trained()
    extra = BUILT / "extra"
    freyvae.export(run, "html", extra / "faces.html")
    app.config.html_extra_path.append(str(extra))
    caption = (
        f"Trained by the build of this site: two latents, {run.recipe.training.epochs} epochs, on {said}. "
        "Drag on the plane, or move a slider: your browser decodes each face."
    )
    made.MADE["explorer"] = lambda: FRAME.format(title=said, caption=caption, code=code)


def setup(app: Sphinx) -> dict[str, bool]:
    """Train before the first page is read."""
    app.connect("builder-inited", _train)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
