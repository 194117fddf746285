"""Measures as tables, for the terminal and for the page."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from freyvae.compression import Compressed
from freyvae.console import end_waiting, printable
from freyvae.evaluation import Comparison, Difference
from freyvae.fields import help_of, hints, title_of
from freyvae.metrics.grouping import Agreement, Mixture
from freyvae.metrics.measure import Measure
from freyvae.metrics.measures import MEASURES
from freyvae.records import Factors, LabelScores, Measurement, OverSeeds, SeedsRecord, TrainingRecord

# this many latents are listed, those of the highest KL first
MOST_LATENTS = 16
MOST_GROUPS = 24
BASELINES = {
    "mean_image_same_likelihood": "constant at the mean image, same likelihood",
    "bernoulli_floor": "entropy of the pixels, a lower bound",
    "mean_image": "constant at the mean image",
    "full_gaussian": "full-covariance Gaussian",
    "png_files": "PNG, one file an image",
    "png_mosaic": "PNG, one mosaic of all",
    "webp_files": "WebP, one file an image",
    "webp_mosaic": "WebP, one mosaic of all",
    "jpeg_xl_files": "JPEG-XL, one file an image",
    "jpeg_xl_mosaic": "JPEG-XL, one mosaic of all",
}


@dataclass(frozen=True)
class Table:
    """A table of words and formatted numbers.

    Attributes:
        title: what it shows.
        columns: the heads; the first column holds words, the others numbers.
        rows: as many cells each as there are columns; an empty cell says that there is no such number.
        strong: which rows stand out.
        note: a sentence below, or "".
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    strong: tuple[int, ...] = ()
    note: str = ""


def measured(found: Measurement, data: str) -> list[Table]:
    """The tables of a measured run; `data` says where its images were from."""
    return [
        _costs(found, data),
        _samples(found),
        _latents(found),
        *_other_measures(found.other_measures),
        *_factors(found.factors),
        *_label_scores(found.label_scores),
    ]


def compared(comparison: Comparison) -> Table:
    """Runs side by side, each with its difference to the first and a 95 % confidence interval."""
    in_bits = all(found.nll_bits_per_dim is not None for found in comparison.measurements)
    scale = comparison.values * math.log(2.0) if in_bits else 1.0
    digits = 3 if in_bits else 1
    rows: list[tuple[str, ...]] = []
    for folder, found, difference in zip(
        comparison.folders, comparison.measurements, comparison.differences, strict=True
    ):
        first = not rows
        rows.append(
            (
                folder,
                _with_error(found.nll_nats / scale, _divided(found.nll_nats_se, scale), digits),
                "" if first else _difference(difference, scale, digits) or f"not comparable: {_kind(found)}",
                f"{found.rmse_grey_levels:.1f}",
                f"{found.active_units} of {found.latent_dim}",
            )
        )
    unit = "bits per dim" if in_bits else "nats per image"
    found = comparison.measurements[0]
    return Table(
        title=f"{found.images} {found.measured_split} images of {comparison.data}, {unit}, lower is better",
        columns=("run", "-log p(x)", "difference to the first (95 % CI)", "RMSE", "active"),
        rows=tuple(rows),
        note="RMSE is that of reconstructions, in grey levels of 255; active are latents whose code varies.",
    )


def shown_numbers(found: SeedsRecord) -> dict[str, OverSeeds]:
    """The final numbers over seeds, without the loss where it is the free energy itself."""
    free_energy, loss = (found.numbers.get(name) for name in ("val_free_energy_nats", "val_loss"))
    is_same = free_energy and loss and np.allclose(free_energy.values, loss.values, rtol=1e-6)
    return {name: own for name, own in found.numbers.items() if not (is_same and name == "val_loss")}


def over_seeds(found: SeedsRecord) -> Table:
    """Mean and deviation over seeds of each final number of training."""
    rows = []
    for name, number in shown_numbers(found).items():
        digits = _digits(name)
        shown = (number.mean, number.deviation, min(number.values), max(number.values))
        rows.append((named(name), *("" if value is None else f"{value:.{digits}f}" for value in shown)))
    seeds = found.seeds
    return Table(
        title=f"{found.recipe} over {len(seeds)} seeds, {seeds[0]} to {seeds[-1]}, on {found.data}",
        columns=("", "mean", "deviation", "lowest", "highest"),
        rows=tuple(rows),
        note=f"Split {found.split}; the deviation is the sample's.",
    )


def by_seed(found: SeedsRecord) -> Table:
    """The final numbers of training, a row a seed."""
    numbers = shown_numbers(found)
    rows = [
        (str(seed), *(f"{own.values[index]:.{_digits(name)}f}" for name, own in numbers.items()))
        for index, seed in enumerate(found.seeds)
    ]
    return Table(title="Final numbers", columns=("seed", *map(named, numbers)), rows=tuple(rows))


def named(name: str) -> str:
    """What a field of training's record is called, and its unit; of a later version's the name itself."""
    hint = hints(TrainingRecord).get(name)
    return ", ".join(filter(None, (title_of(hint), help_of(hint)))) if hint is not None else name.replace("_", " ")


def _digits(name: str) -> int:
    return 4 if "bits_per_dim" in name else 2


def grouped(found: Mixture, agreement: Agreement | None) -> list[Table]:
    """Groups of pictures by size, by what their number was chosen, and how far they agree with labels."""
    sizes = found.sizes
    note = ""
    if agreement is not None:
        note = (
            f"Agreement with the labels: adjusted Rand index {agreement.adjusted_rand:.3f} (0 by chance, 1 the same), "
            f"normalised mutual information {agreement.mutual_information:.3f}."
        )
    shown = [(str(place), f"{size}") for place, size in enumerate(sizes[:MOST_GROUPS], start=1)]
    if len(sizes) > MOST_GROUPS:
        shown.append((f"{len(sizes) - MOST_GROUPS} more", f"{sizes[MOST_GROUPS:].sum()}"))
    made = [Table(title=f"{len(sizes)} groups", columns=("group", "pictures"), rows=tuple(shown), note=note)]
    if found.criterion:
        least = min(found.criterion, key=lambda count: found.criterion[count])
        rows = tuple((str(count), f"{value:.2f}") for count, value in found.criterion.items())
        made.insert(
            0,
            Table(
                title="How many groups",
                columns=("groups", "criterion, nats per picture"),
                rows=rows,
                strong=(list(found.criterion).index(least),),
                note="Bayesian information criterion (Schwarz 1978), lower is better.",
            ),
        )
    return made


def compressed(found: Compressed) -> Table:
    """The size of images as one file, compared with the model's free energy and with other lossless files."""
    first_image_bytes = found.first_image_bits // 8
    images_bytes = found.file_bytes - found.header_bytes - first_image_bytes

    def part(name: str, size: int) -> tuple[str, ...]:
        return name, f"{size:,}", f"{8 * size / found.values:.3f}"

    def without_size(name: str, bits_per_dim: float) -> tuple[str, ...]:
        return name, f"{bits_per_dim * found.values / 8:,.0f}", f"{bits_per_dim:.3f}"

    rows = [
        part("the file", found.file_bytes),
        part("  the images", images_bytes),
        part("  first image's code, a checksum", first_image_bytes),
        part("  header", found.header_bytes),
        without_size("the model's free energy", found.free_energy_bits_per_dim),
        *(
            without_size(name, found.lossless_bits_per_dim[key])
            for key, name in BASELINES.items()
            if key in found.lossless_bits_per_dim
        ),
    ]
    return Table(
        title=f"File size: {found.images} {found.what}",
        columns=("", "bytes", "bits per dim"),
        rows=tuple(rows),
        strong=(0,),
        note=f"Lower is better. Decompressing needs the model too, {found.model_bytes:,} bytes; not counted.",
    )


def compressed_sentences(found: Compressed) -> list[str]:
    """What follows from the table of compressed images."""
    larger = "larger" if found.excess >= 0 else "smaller"
    sentences = [
        "Decompressed again, every byte of a pixel is the same; deeper pixels were made 8-bit when they were read. "
        f"The file is {abs(found.excess):.1%} {larger} than the free energy and the first image's code together."
    ]
    best, least = min(found.lossless_bits_per_dim.items(), key=lambda item: item[1])
    if least < found.bits_per_dim:
        sentences.append(f"{BASELINES[best]}, is smaller, and needs no model.")
    if "jpeg_xl_files" not in found.lossless_bits_per_dim:
        sentences.append("JPEG-XL is not installed and left out: pip install 'freyvae[jpeg-xl]'")
    return sentences


def show(tables: Sequence[Table], *, sentences: Sequence[str] = ()) -> None:
    """Print tables, then sentences, to standard output: with lines and colour on a terminal, plain elsewhere."""
    end_waiting()
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    console = Console(highlight=False)
    if not console.is_terminal:
        print("\n\n".join([*map(_plain, tables), *map(printable, sentences)]))
        return
    indent = (0, 1, 0, 1)
    for table in tables:
        console.print()
        console.print(Padding(Text(printable(table.title), style="bold"), indent))
        console.print(_rich(table))
        console.print(Padding(Text(printable(table.note), style="dim"), indent))
    console.print()
    for sentence in sentences:
        console.print(Padding(Text(printable(sentence)), (0, 1, 1, 1)))


def _rich(table: Table) -> Any:
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    shown = RichTable(box=box.SIMPLE_HEAD, header_style="dim")
    for number, column in enumerate(table.columns):
        shown.add_column(Text(printable(column)), justify="right" if number else "left", overflow="fold")
    for number, row in enumerate(table.rows):
        shown.add_row(*(Text(printable(cell)) for cell in row), style="bold cyan" if number in table.strong else "")
    return shown


def _plain(table: Table) -> str:
    """Aligned columns and nothing else, for files and other programs."""
    lines = [tuple(map(printable, line)) for line in (table.columns, *table.rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    aligned = [
        "  ".join([line[0].ljust(widths[0]), *(map(str.rjust, line[1:], widths[1:]))]).rstrip() for line in lines
    ]
    return "\n".join([printable(table.title), *aligned, *([printable(table.note)] if table.note else [])])


def _costs(found: Measurement, data: str) -> Table:
    """The cost under the model, its parts, and the cost under baselines."""
    bits_per_nat = found.bits_per_nat
    is_bytes = bits_per_nat is not None
    groups = found.rates_of_groups_nats

    def model(name: str, nats: float, error: float | None = None, rmse: str = "") -> tuple[str, ...]:
        bits = "" if bits_per_nat is None else _with_error(nats * bits_per_nat, _times(error, bits_per_nat), 3)
        return name, bits, _with_error(nats, error, 1), rmse

    refined = []
    if found.refined is not None:
        refined = [model("  with refined posteriors", found.refined.nll_nats, found.refined.nll_nats_se)]
    rows = [
        model(
            f"the model, {found.nll_samples} samples",
            found.nll_nats,
            found.nll_nats_se,
            f"{found.rmse_grey_levels:.1f}",
        ),
        *refined,
        model("free energy, its upper bound", found.free_energy_nats),
        model("  distortion: image given code", found.distortion_nats),
        model("  rate: the code" if groups is None else "  rate: all latents", found.rate_nats),
    ]
    for number, rate in enumerate(groups or (), start=1):
        rows.append(model(f"    group {number}" + ", the code" * (number == 1), rate))
    for key, name in BASELINES.items():
        baseline = found.baselines.get(key)
        if baseline is None:
            continue
        # nats of a probability of bytes cannot be compared with those of a density or a cross-entropy
        comparable = is_bytes or key in ("mean_image_same_likelihood", "bernoulli_floor")
        rows.append(
            (
                name,
                _number(baseline.any_bits_per_dim, 3),
                _number(baseline.nll_nats, 1) if comparable else "",
                _number(baseline.rmse_grey_levels, 1),
            )
        )
    nats = "nats per image" if is_bytes else f"{_kind(found)}, nats"
    return Table(
        title=f"Cost per image: {found.images} {found.measured_split} images of {data}",
        columns=("", "bits per dim", nats, "RMSE"),
        rows=tuple(rows),
        strong=(0,),
        note="Lower is better; ± is the standard error over images. RMSE in grey levels of 255. Files are lossless, "
        "headers included.",
    )


def _samples(found: Measurement) -> Table:
    bits = found.bits_per_nat
    rows = [
        (count, *((f"{nats * bits:.3f}",) if bits is not None else ()), f"{nats:.1f}")
        for count, nats in found.nll_nats_by_samples.items()
    ]
    return Table(
        title="Likelihood by number of samples",
        columns=("samples", *(("bits per dim",) if bits is not None else ()), "nats per image"),
        rows=tuple(rows),
        note=f"All from the same {found.nll_samples} draws: the smaller numbers are means over blocks of them.",
    )


def _latents(found: Measurement) -> Table:
    # no KL where latents are not independent: with a flow, or a learned prior
    has_kl = all(latent.kl_nats is not None for latent in found.latents.values())
    # those of the highest KL first, or the active ones
    latents = sorted(found.latents.items(), key=lambda item: -(item[1].kl_nats or 0.0) if has_kl else -item[1].active)
    rows = [
        (name, *((_number(latent.kl_nats, 2),) if has_kl else ()), "yes" if latent.active else "dead")
        for name, latent in latents[:MOST_LATENTS]
    ]
    left_out = [latent for _, latent in latents[MOST_LATENTS:]]
    if left_out:
        total = (f"{sum(latent.kl_nats or 0.0 for latent in left_out):.2f}",) if has_kl else ()
        alive = sum(latent.active for latent in left_out)
        rows.append((f"{len(left_out)} more", *total, f"{alive} of {len(left_out)}"))
    return Table(
        title=f"Latents: {found.active_units} of {found.latent_dim} active",
        columns=("latent", *(("KL in nats",) if has_kl else ()), "active"),
        rows=tuple(rows),
        note="Active: the posterior mean's variance over images is above 0.01 (Burda et al. 2016).",
    )


def _other_measures(found: Mapping[str, float] | None) -> list[Table]:
    if not found:
        return []
    # of a later version there may be others
    known = {name: MEASURES.get(name, Measure(name.replace("_", " "), "", lambda seen: None)) for name in found}
    rows = tuple((known[name].label, f"{value:.3g} {known[name].unit}".strip()) for name, value in found.items())
    return [Table(title="Other measures", columns=("measure", "value"), rows=rows)]


def _factors(factors: Factors | None) -> list[Table]:
    if factors is None:
        return []
    names = tuple(factors.r2_all_latents)
    rows = [(latent, *(_share(r2[name]) for name in names)) for latent, r2 in list(factors.r2.items())[:MOST_LATENTS]]
    rows.append(("all together, by trees", *(_share(factors.r2_all_latents[name]) for name in names)))
    return [
        Table(
            title="How well each latent predicts each factor (R2)",
            columns=("latent", *names),
            rows=tuple(rows),
            note=f"Mutual information gap {factors.mutual_information_gap:.2f} (Chen et al. 2018); "
            f"disentanglement {factors.dci_disentanglement:.2f}, completeness {factors.dci_completeness:.2f}, "
            f"informativeness {factors.dci_informativeness:.2f} (Eastwood & Williams 2018). 1 is best. "
            "On drawn faces that are not among the training images.",
        )
    ]


def _label_scores(found: LabelScores | None) -> list[Table]:
    if found is None:
        return []
    names = {"codes": "codes", "pca": "as many principal components", "pixels": "raw pixels"}
    rows = [
        (label, *(_percent(shares.get(name), found.scored) for shares in (found.linear, found.neighbours)))
        for name, label in names.items()
    ]
    rows.append(("the most frequent label", *[_percent(found.most_frequent, found.scored)] * 2))
    return [
        Table(
            title=f"Labels told right, of {found.labels}, in %",
            columns=("told from", "linear classifier", "vote of 10 nearest"),
            rows=tuple(rows),
            strong=(0,),
            note=f"Fitted on {found.fitted} training images, scored on {found.scored} others; higher is better, ± is "
            "the standard error over images. The linear classifier is least squares with a ridge.",
        )
    ]


def _percent(share: float | None, count: int) -> str:
    if share is None:
        return ""
    return _with_error(100 * share, 100 * math.sqrt(share * (1 - share) / count), 1)


def _difference(difference: Difference | None, scale: float, digits: int) -> str:
    if difference is None:
        return ""
    mean = _signed(difference.mean / scale, digits)
    if difference.low is None or difference.high is None:
        return mean
    return f"{mean} [{_signed(difference.low / scale, digits)}, {_signed(difference.high / scale, digits)}]"


def _kind(found: Measurement) -> str:
    """What the nats are: a probability, a density or a cross-entropy."""
    return found.nll_is.split(" of ")[0]


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _share(value: float) -> str:
    return f"{value:.2f}".replace("-0.00", "0.00")


def _signed(value: float, digits: int) -> str:
    return f"{value:+.{digits}f}"


def _with_error(value: float, error: float | None, digits: int) -> str:
    return f"{value:.{digits}f}" + ("" if error is None else f" ± {error:.{digits}f}")


def _divided(value: float | None, by: float) -> float | None:
    return None if value is None else value / by


def _times(value: float | None, by: float) -> float | None:
    return None if value is None else value * by
