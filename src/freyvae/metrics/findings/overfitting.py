"""A validation loss that rises again."""

from freyvae.metrics.measure import Seen
from freyvae.records import Finding

PLACE = 20
# a rise of less than this share of the whole fall is the noise of the validation images
_NOISE = 0.02
# and one within this share of the epochs, before the end, may still turn
_LAST = 0.1


def find(seen: Seen) -> Finding | None:
    """How far the validation free energy has risen after its lowest epoch; None for a training of few epochs."""
    energies = seen.energies
    if len(energies) < 5:
        return None
    best = int(energies.argmin())
    rise = float(energies[-1] - energies[best])
    fall = float(energies.max() - energies[best])
    keeping = "" if seen.keeps_best else "patience=20 keeps the best epoch; "
    return Finding(
        name="rise_after_best_epoch_nats",
        value=rise,
        unit="nats per image",
        is_amiss=rise > _NOISE * fall and len(energies) - 1 - best > _LAST * len(energies) and not seen.keeps_best,
        sentence=f"The validation free energy was lowest in epoch {best + 1} and has risen by {rise:.1f} nats since.",
        advice=f"{keeping}more images, weight_decay=0.01 or shift=0.5 lower it",
    )
