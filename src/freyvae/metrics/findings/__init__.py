"""What may be amiss with a model, a file each: its `find` says a number, what that means, and what to try."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator

from freyvae.metrics.measure import Seen
from freyvae.records import Finding

Find = Callable[[Seen], Finding | None]
_MODULES = [importlib.import_module(f"{__name__}.{file.name}") for file in pkgutil.iter_modules(__path__)]
# in the order in which they are asked for: what explains others, and what is quick, comes first
FINDINGS: list[Find] = [module.find for module in sorted(_MODULES, key=lambda module: module.PLACE)]
# those before this place need nothing but codes and history
_PLACE_OF_OTHERS = 50


def findings(seen: Seen) -> Iterator[Finding]:
    """All that are defined, amiss or not."""
    yield from (finding for find in FINDINGS if (finding := find(seen)) is not None)


def first_amiss(seen: Seen) -> Finding | None:
    """The first that is amiss, of those that follow from codes and history alone; None where all is well."""
    quick = [module for module in _MODULES if module.PLACE < _PLACE_OF_OTHERS]
    made = (module.find(seen) for module in sorted(quick, key=lambda module: module.PLACE))
    return next((finding for finding in made if finding is not None and finding.is_amiss), None)
