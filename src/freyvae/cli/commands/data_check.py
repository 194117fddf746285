"""Is a pack as it was written?"""

from pathlib import Path

from freyvae.cli.answer import AsJson, answer
from freyvae.cli.apps import data_app


@data_app.command(name="check")
def data_check(pack: Path, *, json: AsJson = False) -> None:
    """Read all of a pack, and compare it with the checksums that it was written with.

    Args:
        pack: as freyvae data pack wrote it.
        json: print JSON, for other programs, and nothing else.
    """
    from freyvae.data import check_pack
    from freyvae.data.channels import images_in_words

    found = check_pack(pack, progress=True)
    said = f"{pack}: {len(found):,} {images_in_words(found.image_shape)}, as they were packed"
    answer({"pack": pack, "images": len(found), "image_shape": found.image_shape}, said, as_json=json)
