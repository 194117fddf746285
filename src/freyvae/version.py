"""The version of the package, which it knows without having been installed."""

__version__ = "0.2.0"
