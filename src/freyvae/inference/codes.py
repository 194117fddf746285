"""Codes of images, and images of codes."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from freyvae.arguments import function, several, whole
from freyvae.codes import names_of_latents, read_codes, require_kind, write_blocks_of_codes
from freyvae.console import Progress, checked_progress, shown, silence
from freyvae.data.pixels import Images, Pixels, blocks
from freyvae.errors import BadInput
from freyvae.files import as_path
from freyvae.inference.images import images_for
from freyvae.kept_parts import Part, computed_by, keeping
from freyvae.model import VAE
from freyvae.model.arrays import CHUNK
from freyvae.reporting.pictures import save_images
from freyvae.reporting.pictures.saving import OF_IMAGES, require_suffix
from freyvae.run import Run, check_output, opened


def encode(
    run: Run | str | Path,
    data: str | Path,
    *,
    levels: str | None = None,
    refine: int = 0,
    out: str | Path = "codes.csv",
    progress: bool | Progress = False,
    say: Callable[[str], None] | None = None,
) -> Path:
    """Encode images: one row an image, one column a latent (posterior means).

    Args:
        run: a finished run, or its folder.
        data: `frey-faces`, `synthetic-faces`, or the path of a folder or file of images; brought to the model's size.
        levels: stored values that become black and white, `LOW:HIGH` or `auto`; by default the run's.
        refine: steps by which each code is bettered, as `VAE.encode` does.
        out: a .csv file with a header, its SHA-256 in a file beside it; a .npy file of float32 (image, latent); or a
            .parquet file with the columns `file`, `label` where there are any, and one a latent (extra `parquet`).
        progress: told how far it is; True draws a bar on stderr, if that is a terminal.
        say: told what is left out and what else there is to say of the images, each a line.

    Returns:
        the file.

    Raises:
        BadInput: there is no such run, the images cannot be read, or the file cannot be written.
    """
    out, say = as_path("out", out), silence if say is None else function("say", say)
    refine, progress = whole("refine", refine, at_least=0), checked_progress(progress)
    check_output(out, as_path("data", data))
    require_kind(out)
    run = opened(run, out)
    vae = run.load_model()
    images = images_for(run, vae, data, levels=levels, progress=progress, say=say)

    def known_by() -> str:
        return f"codes {computed_by(run.model_path)} {images.fingerprint} {refine}"

    with shown(progress) as told, keeping(out, known_by, say) as kept:
        parts = kept.each(len(images), lambda first, _: _codes_of(vae, images.images, refine, first, told))
        write_blocks_of_codes(
            out,
            (part.columns["codes"] for part in parts),
            shape=(len(images), vae.latent_dim),
            names=run.recipe.latent_names,
            files=images.files,
            labels=images.labels,
        )
    return out


def _codes_of(vae: VAE, images: Images | Pixels, refine: int, first: int, told: Progress) -> Iterator[Part]:
    """The codes of images from `first` on, some at a time: as many as go through the encoder at once."""
    for start, some in blocks(images, first=first, most_bytes=CHUNK * (images.nbytes // len(images))):
        yield Part({"codes": vae.encode(some, refine=refine)})
        told.advance(start + len(some), len(images), "encoding")


def decode(
    run: Run | str | Path,
    latents: Sequence[float] | None = None,
    *,
    codes: str | Path | None = None,
    out: str | Path = "decoded.png",
) -> Path:
    """Decode codes: the numbers of one code, or a file of codes as `encode` writes it.

    Args:
        run: a finished run, or its folder.
        latents: one number a latent; the standard normal prior has 0 in the middle and deviation 1.
        codes: a .csv or .npy file of codes, instead; columns of a .csv file go by their names.
        out: a PNG of them all, or a .npy file of uint8 (image, height, width, channel).

    Returns:
        the file.

    Raises:
        BadInput: there is no such run, both or neither of `latents` and `codes` are given, the codes are of another
            number of latents, or a file cannot be read or written.
    """
    given = [] if latents is None else several("latents", latents)
    if (codes is None) == (not given):
        raise BadInput("give the numbers of one code, or a file of codes with codes=...")
    out, codes = as_path("out", out), None if codes is None else as_path("codes", codes)
    require_suffix(out, OF_IMAGES)
    check_output(out, codes)
    run = opened(run, out)
    vae = run.load_model()
    names = names_of_latents(vae.latent_dim, run.recipe.latent_names)
    latent_codes = [given] if codes is None else read_codes(codes, names=names)
    if len(latent_codes[0]) != vae.latent_dim:
        raise BadInput(f"a code of {run.folder} is {vae.latent_dim} numbers, one a latent, not {len(latent_codes[0])}")
    save_images(vae.decode(latent_codes), out)
    return out
