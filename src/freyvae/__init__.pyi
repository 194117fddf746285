"""The public names and their homes: type checkers read them here, and so does `__init__.py`."""

from freyvae import pictures as pictures
from freyvae.compression.compress import compress as compress
from freyvae.compression.compress import decompress as decompress
from freyvae.data import ImageSet as ImageSet
from freyvae.data import Split as Split
from freyvae.data import as_images as as_images
from freyvae.data import load_frey_faces as load_frey_faces
from freyvae.data import load_images as load_images
from freyvae.data import split as split
from freyvae.data import split_indices as split_indices
from freyvae.data import synthetic_faces as synthetic_faces
from freyvae.errors import BadInput as BadInput
from freyvae.errors import FreyvaeError as FreyvaeError
from freyvae.evaluation import compare as compare
from freyvae.explorer.explore import explore as explore
from freyvae.explorer.export import export as export
from freyvae.inference.codes import decode as decode
from freyvae.inference.codes import encode as encode
from freyvae.inference.fill import fill as fill
from freyvae.inference.paths import traverse as traverse
from freyvae.inference.paths import vary as vary
from freyvae.inference.paths import walk as walk
from freyvae.inference.reconstruct import reconstruct as reconstruct
from freyvae.inference.samples import sample as sample
from freyvae.inference.score import score as score
from freyvae.model import VAE as VAE
from freyvae.model import FreeEnergy as FreeEnergy
from freyvae.model import fit_many as fit_many
from freyvae.model import likelihoods as likelihoods
from freyvae.model import networks as networks
from freyvae.model import objectives as objectives
from freyvae.model import posteriors as posteriors
from freyvae.model import priors as priors
from freyvae.recipe import Recipe as Recipe
from freyvae.recipe import load_recipe as load_recipe
from freyvae.reporting.summary import measure as measure
from freyvae.reporting.summary import show as show
from freyvae.reporting.train import train as train
from freyvae.run import Run as Run
from freyvae.run import load as load
from freyvae.training import train_seeds as train_seeds

__version__: str
