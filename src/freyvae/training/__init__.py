"""From a recipe to a finished run."""

from freyvae.training.train import Interrupted, TrainingData, build_vae, load_training_data, train

__all__ = ["Interrupted", "TrainingData", "build_vae", "load_training_data", "train"]
