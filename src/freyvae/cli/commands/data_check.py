"""Is a pack as it was written?"""

from pathlib import Path

from freyvae.cli.apps import data_app
from freyvae.console import print_lines


@data_app.command(name="check")
def data_check(pack: Path) -> None:
    """Read all of a pack, and compare it with the checksums that it was written with.

    Args:
        pack: as freyvae data pack wrote it.
    """
    from freyvae.data import check_pack
    from freyvae.data.channels import images_in_words

    found = check_pack(pack, progress=True)
    print_lines(f"{pack}: {len(found):,} {images_in_words(found.image_shape)}, as they were packed")
