"""Formats of exports, one in each file: `parquet.py` holds the class of the format `parquet`."""

from freyvae.choice import Kinds
from freyvae.exports.format import ExportFormat

FORMATS = Kinds.in_folder("format", ExportFormat, __name__, __path__)
