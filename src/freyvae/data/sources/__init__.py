"""Sources of images, one in each file: `frey_faces.py` holds the class of the source `frey-faces`."""

from freyvae.choice import Kinds
from freyvae.data.source import Source

SOURCES = Kinds.in_folder("source", Source, __name__, __path__)
# sources that are chosen by name
NAMES = tuple(name for name, source in SOURCES.items() if source.by_name)
