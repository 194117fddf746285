"""The colours of report, explorer and pictures: each is given once, by its role, for light and for dark.

Report and explorer take them as CSS custom properties, `--held-out` of `HELD_OUT`; pictures are always light.
"""

import colorsys
from collections.abc import Callable
from typing import NamedTuple


class Colour(NamedTuple):
    """A colour in the light and in the dark theme, each `#rrggbb`."""

    light: str
    dark: str


# surfaces, text and lines
PAPER = Colour("#fdfdfc", "#15181c")
PANEL = Colour("#f3f4f5", "#1f2329")
INK = Colour("#1d2126", "#e8eaed")
QUIET = Colour("#5d656f", "#a3abb5")  # secondary text
RULE = Colour("#e0e3e7", "#30363d")  # lines between things
TRACK = Colour("#d5d9de", "#3b424b")  # lines that values are read on: a slider's track, a chart's axes
ACCENT = Colour("#1f62ad", "#86b8f0")  # links, focus, ours in a comparison
WARN_PANEL = Colour("#fdf6e7", "#2a2417")
WARN_RULE = Colour("#d9a441", "#b98a35")

# parts of the data
TRAINING = Colour("#1f62ad", "#6aa7ea")
HELD_OUT = Colour("#c0540f", "#ffa25c")
VALIDATION = HELD_OUT  # where held-out images are told apart
TEST = Colour("#0b7a5e", "#4fcfa8")

# the explorer's marks
BRIGHTER = Colour("#d0521b", "#ff9a62")  # a pixel above the image that it is compared with
DARKER = Colour("#1f62ad", "#6fb0f7")
KNOWN = Colour("#2a7d4f", "#6cc890")  # codes like those of the training images
EDGE = Colour("#a86b00", "#e8b64c")
GUESSING = Colour("#c0392b", "#ff8474")  # codes unlike any of the training images

# further colours of pictures
WHITE = (255, 255, 255)
OTHERS = "#98a1ab"  # what ours is compared with
WITHOUT_MODEL = "#d9822b"
PARTS = (TRAINING.light, VALIDATION.light, TEST.light, "#8a5aa8", OTHERS)

# of labels, the most frequent first; those that have none of their own are in the last
LABELS = (
    "#4269d0",
    "#efb118",
    "#e0564c",
    "#3aa397",
    "#3b8f4a",
    "#d975a8",
    "#9362c9",
    "#8fb4e8",
    "#9c6b4e",
    "#5d7fa3",
    "#b5a300",
    "#98a1ab",
)


def channel_colours(channels: int) -> tuple[tuple[int, int, int], ...]:
    """The colour that each channel of an image is shown in, as red, green and blue, 0 to 255; the colours add up.

    One channel is grey, two are magenta and green, three are red, green and blue. More have evenly spaced hues,
    beginning with red. The sum of all is white.
    """
    known = {1: (WHITE,), 2: ((255, 0, 255), (0, 255, 0)), 3: ((255, 0, 0), (0, 255, 0), (0, 0, 255))}
    return known.get(channels) or tuple(_of_hue(number / channels) for number in range(channels))


def _of_hue(hue: float) -> tuple[int, int, int]:
    red, green, blue = (round(255 * share) for share in colorsys.hsv_to_rgb(hue, 1, 1))
    return red, green, blue


_ROLES = {name: value for name, value in globals().items() if isinstance(value, Colour)}


def custom_properties(write: Callable[[Colour], str]) -> str:
    """A line of CSS for each role, such as `--held-out: #c0540f;`; `write` makes the value of a colour."""
    return "".join(f"  --{name.lower().replace('_', '-')}: {write(colour)};\n" for name, colour in _ROLES.items())


def light_dark(colour: Colour) -> str:
    """A colour that follows the element's `color-scheme`, in CSS."""
    return f"light-dark({colour.light}, {colour.dark})"
