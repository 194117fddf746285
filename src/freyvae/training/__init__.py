"""From a recipe to a finished run."""

from freyvae.training.building import build_vae
from freyvae.training.data import TrainingData, load_training_data
from freyvae.training.seeds import train_seeds
from freyvae.training.train import Interrupted, train, train_model

__all__ = ["Interrupted", "TrainingData", "build_vae", "load_training_data", "train", "train_model", "train_seeds"]
