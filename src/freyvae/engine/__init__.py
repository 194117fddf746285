"""Who runs the step of a training, and what of Keras and JAX that takes."""
