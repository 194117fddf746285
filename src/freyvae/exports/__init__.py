"""A run for use elsewhere, a file for each format: weights, a folder for the Hub, a table of codes and pictures."""

from freyvae.exports.export import FORMATS, export

__all__ = ["FORMATS", "export"]
