"""The command line: each command parses, calls and prints."""

from freyvae.cli import commands  # enters each of them in the app
from freyvae.cli.apps import app
from freyvae.cli.words import in_flags, say

__all__ = ["app", "commands", "in_flags", "say"]
