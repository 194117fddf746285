"""The plan of the study: the models, and which pictures are odd to each."""

from pathlib import Path
from typing import Any

from studies.shared.plan import Job, Plan, Split, System

RUNS = Path("runs/odd")
PICTURES = RUNS / "pictures"

_SHUFFLED, _IN_ORDER = Split("random", 123), Split("blocked")


def plans(pictures: Path = PICTURES) -> list[Plan]:
    """A plan for each set of pictures."""

    def of(name: str, **changes: Any) -> dict[str, Any]:
        return {"data": str(pictures / f"{name}.npy"), **changes}

    # small pictures: the network of the post, and what it has trained too long taken back
    small = {"latent_dim": 8, "latent_names": (), "epochs": 300, "patience": 40}
    digits = Plan(
        tuple(
            System(
                f"digits-{digit}", f"digits without {digit}", "frey-faces", (_SHUFFLED,), of(f"digits-{digit}", **small)
            )
            for digit in range(10)
        ),
        runs=RUNS,
        validation=160,
        test=160,
    )
    dense = {"latent_dim": 32, "latent_names": ()}
    photos = Plan(
        (System("photos", "photos", "frey-faces", (_IN_ORDER,), of("photos", **dense, epochs=20)),),
        runs=RUNS,
        validation=1000,
        test=2000,
    )
    emoji = Plan(
        (System("emoji", "emoji", "frey-faces", (_SHUFFLED,), of("emoji", **dense, epochs=60)),),
        runs=RUNS,
        validation=400,
        test=386,
    )
    faces = Plan(
        (System("faces", "Frey faces", "images", (_IN_ORDER,), {"minutes": 3.0}),),
        runs=RUNS,
        validation=200,
        test=200,
    )
    return [digits, photos, emoji, faces]


def jobs(only: list[str]) -> list[Job]:
    """All models, or those that are named."""
    return [job for plan in plans() for job in plan.jobs(only)]
