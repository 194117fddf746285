"""Sources of images, a file each: `frey_faces.py` holds the class of the source `frey-faces`."""

from freyvae.choice import Kinds
from freyvae.data.source import Source

SOURCES = Kinds.in_folder("source", Source, __name__, __path__)
# those that are asked for by their names
NAMES = tuple(name for name, source in SOURCES.items() if source.by_name)
