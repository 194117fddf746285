"""The explorer, a page with sliders: its server, its widget for notebooks, and its networks as ONNX."""

from freyvae.explorer.explore import explore
from freyvae.explorer.page import write_page
from freyvae.explorer.server import PORT, serve

__all__ = ["PORT", "explore", "serve", "write_page"]
