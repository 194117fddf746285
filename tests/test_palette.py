"""The palette: it has every colour that a style sheet uses, no sheet defines others, and text is legible."""

import re
from importlib.resources import files

import pytest
from matplotlib.colors import to_rgb

from freyvae import palette
from freyvae.explorer.page import stylesheet
from freyvae.reporting.page import style as style_of_report

SHEETS = {
    "explorer": (stylesheet, "explorer/static/explorer.css"),
    "explorer page": (stylesheet, "explorer/static/page.css"),
    "report": (style_of_report, "reporting/templates/report.css"),
}


def contrast(one, other):
    """The contrast ratio of WCAG 2.1, from 1 to 21."""

    def luminance(colour):
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
        return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("name", SHEETS)
def test_every_custom_property_that_a_sheet_uses_is_defined(name):
    style, path = SHEETS[name]
    rules = (files("freyvae") / path).read_text("utf-8")
    defined = set(re.findall(r"(--[\w-]+):", style() + rules))
    used = set(re.findall(r"var\((--[\w-]+)\)", rules))
    assert used
    assert used <= defined


@pytest.mark.parametrize("name", SHEETS)
def test_no_sheet_has_colours_of_its_own(name):
    rules = (files("freyvae") / SHEETS[name][1]).read_text("utf-8")
    on_screen = rules.partition("@media print")[0]
    # pictures have a white background
    assert set(re.findall(r"#[0-9a-fA-F]{3,8}\b|light-dark\(", on_screen)) <= {"#fff"}


def test_a_role_is_a_custom_property_of_its_name():
    assert "  --held-out: light-dark(#c0540f, #ffa25c);\n" in palette.custom_properties(palette.light_dark)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("role", ["INK", "QUIET", "ACCENT", "TRAINING", "HELD_OUT", "TEST", "KNOWN", "GUESSING"])
def test_text_can_be_read(role, theme):
    text, paper, panel = (getattr(getattr(palette, name), theme) for name in (role, "PAPER", "PANEL"))
    assert contrast(text, paper) >= 4.5
    if role in ("INK", "QUIET"):
        assert contrast(text, panel) >= 4.5


@pytest.mark.parametrize("channels", range(1, 17))
def test_the_colours_of_channels_are_apart_and_add_up_to_white(channels):
    colours = palette.channel_colours(channels)
    assert len(set(colours)) == channels
    assert all(min(sum(colour[part] for colour in colours), 255) == 255 for part in range(3))


def test_few_channels_have_the_colours_that_microscopists_expect():
    assert palette.channel_colours(2) == ((255, 0, 255), (0, 255, 0))
    assert palette.channel_colours(3) == ((255, 0, 0), (0, 255, 0), (0, 0, 255))
