"""A training that ended too early."""

from freyvae.metrics.measure import Seen
from freyvae.records import Finding

PLACE = 30
_SHARE_OF_EPOCHS = 0.1
# of the fall in the last epochs, as a share of what is left to explain: the fall since the first quarter
_STILL_FALLING = 0.05


def find(seen: Seen) -> Finding | None:
    """How far the validation free energy fell in the last tenth of the epochs; None for a training of few epochs."""
    energies = seen.energies
    if len(energies) < 10:
        return None
    last = max(1, round(_SHARE_OF_EPOCHS * len(energies)))
    fall = float(energies[-1 - last] - energies[-1])
    whole = float(energies[len(energies) // 4] - energies[-1])
    epochs = f"{last} epochs" if last > 1 else "epoch"
    return Finding(
        name="fall_in_last_epochs_nats",
        value=fall,
        unit="nats per image",
        is_amiss=fall > _STILL_FALLING * whole > 0,
        sentence=f"The validation free energy still fell by {fall:.1f} nats in the last {epochs}.",
        advice=f"train longer: epochs={2 * len(energies)}, or more minutes=...",
    )
