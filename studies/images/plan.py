"""The plan of the study: recipes on other pictures, and what they should reach."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studies.shared.plan import Plan, Split, System

RUNS = Path("runs/images")
PICTURES = RUNS / "pictures"

# emoji in random order: skin tones and the like are near-duplicates, some in training and some in the test
SHUFFLED = Split("random", 123)
# in their order: the photos' test pictures are the archive's own, the faces' are of people who are not in training
IN_ORDER = Split("blocked")


@dataclass(frozen=True)
class Goal:
    """What a system's test pictures should cost at most.

    Attributes:
        system: its name.
        figure: `rmse_grey_levels` or `nll_bits_per_dim`.
        most: the goal; where `of` is a baseline, as a share of that.
        of: a baseline's key.
    """

    system: str
    figure: str
    most: float
    of: str = ""


GOALS = (
    Goal("emoji-16", "rmse_grey_levels", 30.0),
    Goal("emoji-64", "rmse_grey_levels", 26.0),
    Goal("emoji-images", "nll_bits_per_dim", 2.2),
    Goal("emoji-density", "nll_bits_per_dim", 1.4),
    Goal("photos-density", "nll_bits_per_dim", 0.9, "jpeg_xl_mosaic"),
    Goal("olivetti-density", "nll_bits_per_dim", 0.9, "jpeg_xl_mosaic"),
)


def plans(pictures: Path = PICTURES) -> list[Plan]:
    """A plan for each set of pictures."""

    def of(name: str, **changes: Any) -> dict[str, Any]:
        return {"data": str(pictures / f"{name}.npy"), **changes}

    # squared errors alone, for five minutes of processor time
    squares = {"likelihood": "gaussian", "likelihood.scale_per": "image", "objective": "free-energy", "minutes": 2.6}
    emoji = Plan(
        (
            System(
                "emoji-16",
                "`images`, 16 latents, squared errors",
                "images",
                (SHUFFLED,),
                of("emoji", latent_dim=16, **squares),
            ),
            System(
                "emoji-64",
                "`images`, 64 latents, squared errors",
                "images",
                (SHUFFLED,),
                of("emoji", latent_dim=64, flip=0.5, **squares),
            ),
            System("emoji-images", "`images`", "images", (SHUFFLED,), of("emoji")),
            System("emoji-density", "`images-density`", "images-density", (SHUFFLED,), of("emoji", minutes=45.0)),
        ),
        samples=10,
        runs=RUNS,
        validation=400,
        test=386,
    )
    photos = Plan(
        (System("photos-density", "`images-density`", "images-density", (IN_ORDER,), of("photos32", minutes=45.0)),),
        samples=10,
        runs=RUNS,
        validation=1000,
        test=2000,
    )
    olivetti = Plan(
        (
            System(
                "olivetti-density",
                "`images-density`",
                "images-density",
                (IN_ORDER,),
                # few images, alike: a small network, and each image in several ways
                of(
                    "olivetti",
                    minutes=10.0,
                    latent_dim=8,
                    network="convolutional",
                    **{"network.width": 16},
                    flip=0.5,
                    shift=0.5,
                ),
            ),
        ),
        samples=10,
        runs=RUNS,
        validation=40,
        test=80,
    )
    return [emoji, photos, olivetti]
