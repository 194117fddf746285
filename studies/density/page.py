"""Writes docs/results.md. Every figure in it comes from docs/results.json."""

import string
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from studies.density.benchmarks import benchmark_part
from studies.density.rows import Row, find
from studies.shared.machine import in_words
from studies.shared.markdown import markdown_table

TEMPLATE = Path(__file__).parent / "page.md"
NOT_YET = "not measured yet"


REFINED = """
## What the encoder costs

These figures are by the encoder's posteriors, as those of the papers are. An encoder knows the frames that it was
trained on better than others (the amortization gap: Cremer, Li & Duvenaud 2018), so that the free energy is higher than
the model could have it, and the bound by {samples} draws is loose. With each test frame's posterior moved by {steps}
steps of gradient descent, its deviations as they are, as many draws from the same models give:

{table}
"""
FLOOR = """
## How low could it be?

`python -m studies.density.floor` estimates it in two ways. **The camera's noise:** between the {pairs} frames
that are most alike and their nearest ones, what varies from pixel to pixel has a deviation of {deviation:.1f}
grey levels a frame. A normal of that deviation has an entropy of {noise:.2f} bits. This is what no model can go
under, if the noise of these frames is that of all, and nothing else tells it. **The frames beside:** a network
that sees the frame before, the frame after and the pixels before, and is trained to say a pixel's mixture of
logistics, costs {random:.2f} bits per dimension on test frames of the split random 123, and {blocked:.2f} on
the blocked one. These frames are seldom alike: models that have learned from all frames know more than the two
beside tell."""


def page(results: dict[str, Any], other_pictures: str = "", floor: dict[str, Any] | None = None) -> str:
    """The page in Markdown, with the parts on benchmark sets and other pictures, and what `floor` found."""
    protocol = results["protocol"]
    template = string.Template(TEMPLATE.read_text(encoding="utf-8"))
    text = template.substitute(
        summary=summary(results),
        models=models(results),
        ensembles=ensembles(results),
        machines=machines(results),
        refined=refined(results),
        benchmarks=benchmark_part(results["benchmarks"]),
        other_pictures=other_pictures,
        floor=floor_in_words(floor) if floor else "",
        commands="\n".join(f"{row['train_command']}\n{row['measure_command']}" for row in results["models"]),
        blocked_sentence=blocked_sentence(results),
        values=28 * 20,
        samples=protocol["samples"],
        frames=protocol["frames"],
        train=protocol["frames"] - protocol["validation"] - protocol["test"],
        validation=protocol["validation"],
        test=protocol["test"],
        split_seeds=", ".join(map(str, protocol["split_seeds"])),
        choices_sentence=choices_sentence(protocol),
        near_random=f"{protocol['test_frames_next_to_training_random']:.0%}",
        near_blocked=f"{protocol['test_frames_next_to_training_blocked']:.0%}",
    )
    # a missing table leaves no gap
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    return text


def floor_in_words(found: dict[str, Any]) -> str:
    """The section on what no model can go under."""
    beside = found["given_beside"]
    return FLOOR.format(
        pairs=found["noise"]["pairs"],
        deviation=found["noise"]["deviation"],
        noise=found["noise"]["bits"],
        random=beside["random 123"]["bits"],
        blocked=beside["blocked"]["bits"],
    ).strip()


def choices_sentence(protocol: dict[str, Any]) -> str:
    """A sentence on which split was used for choices, and how many test frames of the other splits it shares."""
    (clean, _), *others = protocol["test_frames_that_choices_saw"].items()
    seen = [f"{label}: {counts['in_validation']} and {counts['in_training']}" for label, counts in others]
    return (
        f"All choices were made by the validation frames of trainings on the split {clean}. Its {protocol['test']} "
        "test frames took no part. The test frames of the other splits include validation and training frames of these "
        f"trainings ({'; '.join(seen)}). So, strictly, only the figures of {clean} are of frames that no choice has "
        "seen."
    )


def summary(results: dict[str, Any]) -> str:
    """Table of our systems, of the same frames without a model, and of published models."""
    lines = []
    for system in results["systems"]:
        for of, rows in (("model", results["models"]), ("ensemble", results["ensembles"])):
            mean = find(results["means"], system=system["system"], of=of)
            blocked = _mean_of_seeds([row for row in rows if _is(row, system, "blocked")])
            if mean is None and blocked is None and of == "ensemble":
                continue
            label = system["label"] if of == "model" else f"{system['label']}, ensemble"
            lines.append([label, *_of_mean(mean), _bits(blocked), _which_seeds(rows, system)])
    for row in results["baselines"]:
        lines.append([row["label"], _bits(row["random_bits_per_dim"]), "", _bits(row["blocked_bits_per_dim"]), ""])
    for row in results["published"]:
        lines.append([row["label"], f"{row['nll_bits_per_dim']:.2f}", "", "", row["source"]])
    heads = ["bits per dimension", "NLL, random splits", "free energy, random splits", "NLL, blocked split", ""]
    return markdown_table(heads, lines, words=(0, 4))


def models(results: dict[str, Any]) -> str:
    """Table with a row for each model that was trained and measured."""
    labels = {system["system"]: system["label"] for system in results["systems"]}
    places = _machines(results)
    lines = [
        [
            labels[row["system"]],
            _split(row),
            str(row["seed"]),
            str(row["samples"]),
            _bits(row["nll_bits_per_dim"], row["nll_bits_per_dim_se"]),
            _bits(row["free_energy_bits_per_dim"], row["free_energy_bits_per_dim_se"]),
            f"{row['nll_nats']:.1f}",
            f"{row['free_energy_nats']:.1f}",
            str(row["epochs"]) if row["kept_epoch"] == row["epochs"] else f"{row['epochs']}, kept {row['kept_epoch']}",
            f"{row['seconds']:.0f}",
            row["backend"],
            _place(row, places),
        ]
        for row in results["models"]
    ]
    heads = ["model", "split", "seed", "S", "NLL, bits per dim", "free energy, bits per dim", "NLL, nats"]
    heads += ["free energy, nats", "epochs", "training, s", "backend", "machine"]
    return markdown_table(heads, lines, words=(0, 1, 10, 11))


def ensembles(results: dict[str, Any]) -> str:
    """Table with a row for each ensemble."""
    labels = {system["system"]: system["label"] for system in results["systems"]}
    lines = [
        [
            labels[row["system"]],
            _split(row),
            ", ".join(map(str, row["seeds"])),
            str(row["samples"]),
            _bits(row["nll_bits_per_dim"], row["nll_bits_per_dim_se"]),
            _bits(row["free_energy_bits_per_dim"], row["free_energy_bits_per_dim_se"]),
            f"{row['seconds']:.0f}",
        ]
        for row in results["ensembles"]
    ]
    if not lines:
        return ""
    heads = ["ensemble", "split", "seeds", "S", "NLL, bits per dim", "free energy, bits per dim", "training of all, s"]
    return markdown_table(heads, lines, words=(0, 1, 2))


def refined(results: dict[str, Any]) -> str:
    """The section on models whose test images were measured with refined posteriors, too."""
    labels = {system["system"]: system["label"] for system in results["systems"]}
    rows = [row for row in results["models"] if "refined" in row]
    if not rows:
        return ""
    lines = []
    for row in rows:
        found = row["refined"]
        free_energy = found["free_energy_nats"] * row["nll_bits_per_dim"] / row["nll_nats"]
        costs = (row["nll_bits_per_dim"], found["nll_bits_per_dim"], row["free_energy_bits_per_dim"], free_energy)
        lines.append([labels[row["system"]], _split(row), str(row["seed"]), *map(_bits, costs)])
    heads = ["model", "split", "seed", "NLL", "NLL, refined", "free energy", "free energy, refined"]
    table = markdown_table(heads, lines, words=(0, 1))
    return REFINED.format(samples=rows[0]["samples"], steps=rows[0]["refined"]["steps"], table=table).strip()


def machines(results: dict[str, Any]) -> str:
    """Legend for the letters in the column of machines."""
    places = [f"{letter}: {place}" for place, letter in _machines(results).items()]
    return f"Machines: {'; '.join(places)}." if places else ""


def blocked_sentence(results: dict[str, Any]) -> str:
    """A sentence that compares the first system on the blocked split and on the random splits."""
    system = results["systems"][0]
    mean = find(results["means"], system=system["system"], of="model")
    blocked = _mean_of_seeds([row for row in results["models"] if _is(row, system, "blocked")])
    if mean is None or blocked is None:
        return f"What a model costs there is {NOT_YET}."
    return (
        "There the test frames are a stretch of the video that the model has never seen: "
        f"{system['label']} costs {_bits(blocked)} bits per dimension there, and {_bits(mean['nll_bits_per_dim'])} on "
        "the random splits."
    )


def _is(row: Row, system: Row, split: str) -> bool:
    return bool(row["system"] == system["system"] and row["split"] == split)


def _mean_of_seeds(rows: Sequence[Row]) -> float | None:
    costs = [row["nll_bits_per_dim"] for row in rows]
    return sum(costs) / len(costs) if costs else None


def _of_mean(mean: Row | None) -> tuple[str, str]:
    """The two cells of a mean over splits. If splits are still missing, the cell lists those that it has."""
    if mean is None:
        return NOT_YET, ""
    names = ("nll_bits_per_dim", "free_energy_bits_per_dim")
    nll, free_energy = (_bits(mean[name], mean[f"{name}_sd_over_splits"]) for name in names)
    if not mean["is_complete"]:
        nll += f" (only {', '.join(map(str, mean['split_seeds']))})"
    return nll, free_energy


def _which_seeds(rows: Sequence[Row], system: Row) -> str:
    ours = [row for row in rows if row["system"] == system["system"]]
    seeds = sorted({seed for row in ours for seed in row.get("seeds", [row.get("seed")])})
    if not seeds:
        return ""
    return f"training seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}"


def _machines(results: dict[str, Any]) -> dict[str, str]:
    """A letter for each machine that was used for training."""
    found = dict.fromkeys(in_words(row["machine"]) for row in results["models"] if row["machine"] is not None)
    return {place: chr(ord("A") + number) for number, place in enumerate(found)}


def _place(row: Row, places: dict[str, str]) -> str:
    machine = row["machine"]
    return "not recorded" if machine is None else places[in_words(machine)]


def _split(row: Row) -> str:
    return str(row["split"] if row["split_seed"] is None else f"{row['split']} {row['split_seed']}")


def _bits(value: float | None, error: float | None = None) -> str:
    if value is None:
        return ""
    return f"{value:.3f}" + ("" if error is None else f" ± {error:.3f}")
