"""What may be amiss with a model, a file each: its `find` says a number, what that means, and what to try."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator

from freyvae.metrics.measure import Seen
from freyvae.records import Finding

Find = Callable[[Seen], Finding | None]
# in the order in which they are asked for: what explains others, and what is quick, comes first
_MODULES = sorted(
    (importlib.import_module(f"{__name__}.{file.name}") for file in pkgutil.iter_modules(__path__)),
    key=lambda module: int(module.PLACE),
)
FINDINGS: list[Find] = [module.find for module in _MODULES]
# those before this place need nothing but codes and history
_PLACE_OF_OTHERS = 50


def findings(seen: Seen) -> Iterator[Finding]:
    """All that are defined, amiss or not."""
    yield from _defined(FINDINGS, seen)


def first_amiss(seen: Seen) -> Finding | None:
    """The first that is amiss, of those that follow from codes and history alone; None where all is well."""
    quick = [module.find for module in _MODULES if module.PLACE < _PLACE_OF_OTHERS]
    return next((finding for finding in _defined(quick, seen) if finding.is_amiss), None)


def _defined(finds: list[Find], seen: Seen) -> Iterator[Finding]:
    return (finding for find in finds if (finding := find(seen)) is not None)
