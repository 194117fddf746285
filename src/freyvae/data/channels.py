"""How many channels images may have, and what they are called."""

MOST_CHANNELS = 16
# a picture file, such as a PNG, has these numbers of channels
OF_PICTURES = (1, 3)


def images_in_words(shape: tuple[int, ...]) -> str:
    """The shape (height, width, channel) of images in words, such as `28 x 20 grey images`."""
    height, width, channels = shape
    if channels in OF_PICTURES:
        return f"{height} x {width} {channels_in_words(channels)} images"
    return f"{height} x {width} images of {channels_in_words(channels)}"


def channels_in_words(channels: int) -> str:
    """`grey`, `colour`, or `5 channels`."""
    return {1: "grey", 3: "colour"}.get(channels, f"{channels} channels")
