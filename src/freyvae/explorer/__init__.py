"""The explorer, a page with sliders: its server, its widget for notebooks, and exports as ONNX or weights."""

from freyvae.explorer.explore import explore
from freyvae.explorer.export import FORMATS, export
from freyvae.explorer.page import write_page
from freyvae.explorer.server import PORT, serve

__all__ = ["FORMATS", "PORT", "explore", "export", "serve", "write_page"]
