"""`import freyvae` is enough for `keras.models.load_model` to open a saved model, and yet imports no Keras.

A saved model names the classes that it is made of, which Keras looks up among those registered with it. They are, as
soon as both are imported, in whatever order.
"""

import importlib
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any


def register_with_keras() -> None:
    """Register the model's classes: now where Keras is imported already, else when it is."""
    if "keras" in sys.modules:
        _register()
    elif not any(isinstance(finder, _WaitingForKeras) for finder in sys.meta_path):
        sys.meta_path.insert(0, _WaitingForKeras())


def _register() -> None:
    """Import what registers the classes, unless a module of the model is being imported: that one is about to."""
    for name, module in list(sys.modules.items()):
        is_ours = name.startswith(("freyvae.model.", "freyvae.engine."))
        if is_ours and getattr(module.__spec__, "_initializing", False):
            return
    importlib.import_module("freyvae.model.vae")


class _WaitingForKeras:
    """Finds no module itself: it waits until Keras is looked for, and registers when that is loaded."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Keras's own spec, whose loader registers in the end; none for any other module."""
        if name != "keras":
            return None
        # others ask for a spec and load nothing: this goes on waiting until it is loaded
        spec = PathFinder.find_spec(name, path, target)
        if spec is None or spec.loader is None:
            return None
        loader: Any = spec.loader
        load = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            load(module)
            if self in sys.meta_path:
                sys.meta_path.remove(self)
            _register()

        loader.exec_module = exec_module
        return spec
