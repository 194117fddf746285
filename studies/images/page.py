"""The part of docs/results.md on other pictures. Every figure in it comes from docs/images.json."""

import string
from pathlib import Path
from typing import Any

from studies.images.peers import PEERS
from studies.images.rows import BASELINES, PEER
from studies.shared.machine import in_words
from studies.shared.markdown import markdown_table

TEMPLATE = Path(__file__).parent / "page.md"
SETS = {
    "emoji": "emoji, 64 x 64 colour",
    "photos32": "photos, 32 x 32 colour",
    "olivetti": "Olivetti faces, 64 x 64 grey",
}
FIGURES = {"rmse_grey_levels": "RMSE", "nll_bits_per_dim": "bits per dimension"}


def part(found: dict[str, Any]) -> str:
    """The part in Markdown."""
    template = string.Template(TEMPLATE.read_text(encoding="utf-8"))
    return template.substitute(
        goals=goals(found),
        models=models(found),
        peers=peers(found),
        samples=samples(found),
        commands="\n".join(f"{row['train_command']}\n{row['measure_command']}" for row in found["models"]),
        machines="; ".join(dict.fromkeys(in_words(row["machine"]) for row in found["models"] if row["machine"])),
    )


def goals(found: dict[str, Any]) -> str:
    """Table of what should be reached, and what is."""
    lines = [
        [
            f"{SETS.get(row['set'], row['set'])}: {row['label']}",
            FIGURES[goal["figure"]],
            _goal(goal),
            _number(goal["figure"], row[goal["figure"]]),
            _number(goal["figure"], row["rmse_refined_grey_levels"]),
            {True: "yes", False: "no", None: ""}[goal["is_reached"]],
        ]
        for row in found["models"]
        for goal in row["goals"]
    ]
    return markdown_table(
        ["model", "figure", "at most", "test images", "codes refined", "reached"], lines, words=(0, 1, 5)
    )


def models(found: dict[str, Any]) -> str:
    """Table with a row for each model, and what files of the same images take."""
    lines = [
        [
            f"{SETS.get(row['set'], row['set'])}: {row['label']}",
            f"{row['train_images']}, {row['images']}",
            _number("rmse_grey_levels", row["rmse_grey_levels"]),
            _number("nll_bits_per_dim", row["nll_bits_per_dim"]),
            _number("nll_bits_per_dim", row["free_energy_bits_per_dim"]),
            *(_number("nll_bits_per_dim", row["baselines"].get(key)) for key in BASELINES),
            str(row["epochs"]),
            f"{row['seconds']:.0f}",
            "" if row["processor_seconds"] is None else f"{row['processor_seconds']:.0f}",
        ]
        for row in found["models"]
    ]
    heads = ["model", "images to train, to test", "RMSE", "NLL", "free energy", "PNG", "WebP", "JPEG-XL"]
    return markdown_table(
        [*heads, "JPEG-XL, a file each", "epochs", "training, s", "of all cores, s"], lines, words=(0, 1)
    )


def peers(found: dict[str, Any]) -> str:
    """Table of our likelihoods, those of peers that had the same processor time, and files of the same images."""
    rows: dict[tuple[str, str], dict[str, Any]] = {(row["system"], row["peer"]): row for row in found.get("peers", [])}
    lines = []
    for model in found["models"]:
        of_model = [rows.get((model["system"], peer.name)) for peer in PEERS]
        if not any(of_model):
            continue
        files = (model["baselines"].get(key) for key in ("webp_mosaic", "jpeg_xl_mosaic"))
        figures = [model["nll_bits_per_dim"], *(row and row.get("nll_bits_per_dim") for row in of_model), *files]
        best = min(figure for figure in figures if figure is not None)
        said = [_number("nll_bits_per_dim", figure) for figure in figures]
        epochs = [f"{row['epochs']:.0f}" if row and "epochs" in row else "" for row in of_model]
        lines.append(
            [
                SETS.get(model["set"], model["set"]),
                *(f"**{text}**" if figure == best else text for text, figure in zip(said, figures, strict=True)),
                f"{next(row['seconds'] for row in of_model if row):.0f}",
                ", ".join([str(model["epochs"]), *epochs]),
            ]
        )
    if not lines:
        return "They are not compared yet."
    heads = ["bits per dimension", "freyvae", *(peer.label for peer in PEERS), "WebP", "JPEG-XL"]
    return markdown_table([*heads, "processor time, s", "epochs"], lines, words=(0,))


def samples(found: dict[str, Any]) -> str:
    """Table of how like real images the samples are, ours and the peer's."""
    compared = found.get("samples")
    if compared is None:
        return "Samples are not compared yet."
    labels = {row["system"]: row["label"] for row in found["models"]}
    lines = [[labels.get(compared["system"], "freyvae"), *_quality(compared["ours"]), ""]]
    peer = compared[PEER]
    if peer is not None:
        error = _number("rmse_grey_levels", peer["rmse_grey_levels"])
        lines.append(["a convolutional VAE in PyTorch, 16 latents", *_quality(peer), error])
    heads = ["samples of", "two-sample accuracy", "precision", "recall", "RMSE of its reconstructions"]
    return markdown_table(heads, lines, words=(0,))


def _quality(row: dict[str, float]) -> list[str]:
    return [f"{row[name]:.2f}" for name in ("two_sample_accuracy", "precision", "recall")]


def _goal(goal: dict[str, Any]) -> str:
    number = _number(goal["figure"], goal["number"])
    return f"{number}, {goal['most']:g} of JPEG-XL" if goal["of"] else number


def _number(figure: str, value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.1f}" if figure == "rmse_grey_levels" else f"{value:.3f}"
