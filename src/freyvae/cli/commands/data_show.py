"""A look at images."""

from collections import Counter
from pathlib import Path

from freyvae.cli.answer import AsJson, answer
from freyvae.cli.apps import data_app
from freyvae.cli.preparation import prepare_matplotlib
from freyvae.cli.words import say
from freyvae.flags import Whole


@data_app.command(name="show")
def data_show(
    data: str = "frey-faces",
    *,
    count: Whole = 200,
    columns: Whole = 25,
    image_size: str | None = None,
    grey: bool = False,
    levels: str | None = None,
    labels: str | None = None,
    strict: bool = False,
    out: Path = Path("examples.png"),
    json: AsJson = False,
) -> None:
    """Look at a set of images: how many, of what size, and a picture of some.

    Args:
        data: frey-faces, synthetic-faces, a benchmark set such as static-mnist, or the path of a folder, file or
            archive of images.
        count: how many images to show.
        columns: images in a row.
        image_size: resize to HEIGHTxWIDTH pixels. [default: as they are]
        grey: turn to grey.
        levels: stored values that become black and white, LOW:HIGH, such as 0:4095 for 12 bits, or auto. [default: 8
            and 16 bits, and floats from 0 to 1]
        labels: a .csv file with a label for each image, its column after a colon. [default: the sub-folders, or what
            the file of images says]
        strict: an unreadable file is an error; otherwise it is listed and left out.
        out: the picture, a PNG.
        json: print JSON, for other programs, and nothing else.
    """
    prepare_matplotlib()
    from freyvae import pictures
    from freyvae.data import load_images
    from freyvae.data.channels import OF_PICTURES, channels_in_words
    from freyvae.data.labels import labels_in_words
    from freyvae.data.statistics import statistics_of
    from freyvae.run import check_output

    check_output(out, data)
    images = load_images(
        data, image_size=image_size, grey=grey, strict=strict, levels=levels, labels=labels, progress=True
    )
    for line in images.remarks:
        say(line)
    number, height, width, channels = images.images.shape
    pictures.save_figure(pictures.examples(images, count=count, columns=columns), out)
    kind = f"{channels_in_words(channels)}{' of' * (channels not in OF_PICTURES)}"
    known = statistics_of(images.images)
    levels = f"{kind} levels {known.lowest} to {known.highest}"
    counted = "1 image" if number == 1 else f"{number} images"
    lines = [f"{images.name}: {counted}, {height} x {width} pixels, {levels}"]
    lines += [] if images.labels is None else [labels_in_words(images.labels)]
    found = {
        "name": images.name,
        "images": number,
        "image_shape": images.image_shape,
        "lowest_level": known.lowest,
        "highest_level": known.highest,
        "labels": None if images.labels is None else Counter(images.labels),
        "written": [out],
    }
    answer(found, "\n".join([*lines, str(out)]), as_json=json)
