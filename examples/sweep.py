"""Choose latents, width and learning rate on the validation images, with optuna (extra `sweep`).

    python examples/sweep.py --trials 20 --epochs 100

Each trial is a run folder of its own, so that a sweep that was interrupted can be looked at, and its best run measured.
The test images are not looked at: `freyvae measure` reads them once, at the end.
"""

import argparse
from pathlib import Path

import optuna

import freyvae


def free_energy(trial: optuna.Trial, recipe: freyvae.Recipe, folder: Path) -> float:
    """Train one choice; its free energy on the validation images, in nats per image."""
    width = trial.suggest_categorical("width", [128, 256, 512])
    choice = recipe.replace(
        latent_dim=trial.suggest_int("latent_dim", 2, 32, log=True),
        hidden=(width,),
        learning_rate=trial.suggest_float("learning_rate", 1e-4, 1e-2, log=True),
    )
    run = freyvae.train(choice, folder / f"trial-{trial.number:03d}", quiet=True, pictures=False)
    return run.training.val_free_energy_nats


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recipe", default="frey-faces")
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--out", type=Path, default=Path("runs/sweep"))
    chosen = parser.parse_args()
    recipe = freyvae.load_recipe(chosen.recipe).replace(epochs=chosen.epochs, latent_names=())
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=recipe.training.seed))
    study.optimize(lambda trial: free_energy(trial, recipe, chosen.out), n_trials=chosen.trials)
    print(f"best: {study.best_value:.1f} nats per image with {study.best_params}")
    print(f"  in {chosen.out}/trial-{study.best_trial.number:03d}")


if __name__ == "__main__":
    main()
