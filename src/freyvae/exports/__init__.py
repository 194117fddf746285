"""A run for use elsewhere, a file for each format: networks, weights, a folder for the Hub, a table; and its card."""

from freyvae.exports.export import export
from freyvae.exports.formats import FORMATS

__all__ = ["FORMATS", "export"]
