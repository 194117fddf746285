"""Fit a variational auto-encoder to a set of images, know honestly how good it is, and play with what it learned."""

import ast
import importlib
import os
from pathlib import Path
from typing import Any

from freyvae.registration import register_with_keras
from freyvae.version import __version__ as __version__

# Keras asks for TensorFlow unless told otherwise; the choice stays the user's
os.environ["KERAS_BACKEND"] = os.environ.get("KERAS_BACKEND") or "jax"

register_with_keras()


def _homes() -> dict[str, str]:
    """Public name -> the module that has it, from the imports of `__init__.pyi`, where type checkers see them."""
    stub = ast.parse(Path(__file__).with_name("__init__.pyi").read_text(encoding="utf-8"))
    imports = [line for line in stub.body if isinstance(line, ast.ImportFrom)]
    return {alias.name: str(line.module) for line in imports for alias in line.names}


_HOMES = _homes()
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for: `freyvae --help` need not wait for Keras."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if _HOMES[name] == __name__:  # a module
        return importlib.import_module(f"{__name__}.{name}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
