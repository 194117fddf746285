"""A training as it is seen in the browser while it lasts: what it knows, and the page that shows it."""

from freyvae.live.train import followed

__all__ = ["followed"]
