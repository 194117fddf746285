"""Images once decoded, for ever after."""

from pathlib import Path

from freyvae.cli.answer import AsJson, answer
from freyvae.cli.apps import data_app
from freyvae.cli.words import say


@data_app.command(name="pack")
def data_pack(
    data: str,
    *,
    out: Path,
    image_size: str | None = None,
    grey: bool = False,
    levels: str | None = None,
    labels: str | None = None,
    strict: bool = False,
    append: bool = False,
    fresh: bool = False,
    json: AsJson = False,
) -> None:
    """Decode images once, and write them where they are read from without being in memory, however many.

    The pack is a folder that every command takes as DATA. The same command goes on after an interruption.

    Args:
        data: the path of a folder or file of images, frey-faces or synthetic-faces.
        out: the pack, a folder that is new.
        image_size: resize to HEIGHTxWIDTH pixels. [default: as they are]
        grey: turn to grey.
        levels: stored values that become black and white, LOW:HIGH, such as 0:4095 for 12 bits, or auto. [default: 8
            and 16 bits, and floats from 0 to 1]
        labels: a .csv file with a label for each image, its column after a colon. [default: the sub-folders]
        strict: an unreadable file is an error; otherwise it is listed and left out.
        append: add the images to a finished pack.
        fresh: first leave out again what an interrupted packing added, instead of going on with it.
        json: print JSON, for other programs, and nothing else.
    """
    from freyvae.data import pack
    from freyvae.data.channels import images_in_words

    images = pack(
        data,
        out,
        image_size=image_size,
        grey=grey,
        levels=levels,
        labels=labels,
        strict=strict,
        append=append,
        fresh=fresh,
        progress=True,
    )
    for line in images.remarks:
        say(line)
    size = images.images.nbytes / 2**20
    said = f"{out}: {len(images):,} {images_in_words(images.image_shape)}, {size:,.1f} MiB"
    found = {"written": [out], "images": len(images), "image_shape": images.image_shape, "bytes": images.images.nbytes}
    answer(found, said, as_json=json)
