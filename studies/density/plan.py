"""The plan of the study: which recipes are trained and measured, on which splits, with which seeds and commands."""

from pathlib import Path

from studies.shared.plan import Plan, Split, System

# the seeds in the code of van den Berg et al. 2018
RANDOM = tuple(Split("random", seed) for seed in (123, 321, 231))
BLOCKED = Split("blocked")
EVERY = (*RANDOM, BLOCKED)

# Wider, with more dropout, for longer: 15 minutes of 2 cores, where the recipe takes three.
LONGER = {"epochs": 400, "patience": 100, "dropout": 0.2, "likelihood.context_width": 128}


def plan() -> Plan:
    """The plan of the page, whose text is about the first system."""
    return Plan(
        (
            System("density-longer", "`frey-density`, 128 units, 400 epochs", "frey-density", EVERY, LONGER),
            System("density", "`frey-density`", "frey-density", EVERY),
            System(
                "sixteen-latents",
                "`frey-faces` with 16 latents",
                "frey-faces",
                EVERY,
                {"latent_dim": 16, "latent_names": ()},
            ),
            # Convolutions are much faster on torch than on XLA's CPU, and in bfloat16 than in float32. Even so an epoch
            # takes 15 s of a core, and 500 samples of 200 images take 24 minutes.
            System(
                "sylvester-vae-800",
                "`sylvester-vae-2018`, 800 epochs, split 123",
                "sylvester-vae-2018",
                RANDOM[:1],
                {"precision": "bfloat16", "epochs": 800},
                backend="torch",
                samples=500,
            ),
            # To its end, as the paper has it: five minutes of a GPU, and seven hours of two cores. 500 samples of 200
            # images take six minutes of two cores.
            System(
                "sylvester-vae",
                "`sylvester-vae-2018`, to its end, split 123",
                "sylvester-vae-2018",
                RANDOM[:1],
                samples=500,
            ),
        )
    )


def small_plan(images: Path) -> Plan:
    """A miniature of the plan: smallest networks, epochs and samples, on an .npy file of at least 60 images."""
    changes = {"data": str(images), "epochs": 2, "hidden": (8,), "batch_size": 10}
    systems = (
        System("density", "`frey-faces`", "frey-faces", (*RANDOM[:2], BLOCKED), changes, seeds=(0, 1), refine=3),
        # no shift: with so few pixels in an image, a shift takes the values of pixels far outside their ranges
        System(
            "autoregressive",
            "`frey-density`",
            "frey-density",
            RANDOM[:1],
            changes | {"hidden": (8, 8), "shift": 0.0},
        ),
    )
    return Plan(systems, samples=10, validation=15, test=15)
