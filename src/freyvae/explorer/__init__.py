"""The page with the sliders, and the other ways out of a run: a server for it, a notebook's widget, ONNX, weights."""

from freyvae.explorer.explore import explore
from freyvae.explorer.export import FORMATS, export
from freyvae.explorer.page import write_page
from freyvae.explorer.server import PORT, serve

__all__ = ["FORMATS", "PORT", "explore", "export", "serve", "write_page"]
