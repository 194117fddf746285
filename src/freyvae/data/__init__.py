"""Images from anywhere, as uint8 (image, height, width, channel), and which of them to train on."""

from freyvae.data.array_file import load_file
from freyvae.data.frey_faces import DataUnavailable, fetch_frey_faces, load_frey_faces
from freyvae.data.image_folder import load_folder
from freyvae.data.image_size import fit_images
from freyvae.data.images import ImageSet, as_images, pixels_sha256
from freyvae.data.labels import numbered, read_labels
from freyvae.data.loading import load_images
from freyvae.data.pack import check_pack
from freyvae.data.packing import pack
from freyvae.data.pixels import Pixels
from freyvae.data.splits import Split, split, split_indices
from freyvae.data.synthetic_faces import synthetic_faces

__all__ = [
    "DataUnavailable",
    "ImageSet",
    "Pixels",
    "Split",
    "as_images",
    "check_pack",
    "fetch_frey_faces",
    "fit_images",
    "load_file",
    "load_folder",
    "load_frey_faces",
    "load_images",
    "numbered",
    "pack",
    "pixels_sha256",
    "read_labels",
    "split",
    "split_indices",
    "synthetic_faces",
]
