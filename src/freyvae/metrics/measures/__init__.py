"""Measures, a file each: its `MEASURE` is called as the file is, in `metrics.json` under `other_measures`."""

import importlib
import pkgutil

from freyvae.metrics.measure import Measure

MEASURES: dict[str, Measure] = {
    file.name: importlib.import_module(f"{__name__}.{file.name}").MEASURE for file in pkgutil.iter_modules(__path__)
}
