"""What a command does before it imports Keras or draws."""

from freyvae.cli.words import say
from freyvae.compilation_cache import keep_compiled_programs
from freyvae.console import wait_for
from freyvae.keras_import import import_keras
from freyvae.signals import handled_by, leave


def prepare_keras(*, quiet: bool = False) -> None:
    """Import Keras; compiled programs are kept for the next command. Unless `quiet`, a terminal is told so."""
    if not quiet:
        wait_for("loading Keras")
    keep_compiled_programs(say)
    import_keras()
    if not quiet:
        wait_for("working")


def prepare_matplotlib(*, quiet: bool = False) -> None:
    """Have matplotlib draw as it does on a new machine, whatever the user's matplotlibrc says: LaTeX, say."""
    if not quiet:
        wait_for("working")
    with handled_by(leave):
        import matplotlib

        matplotlib.rcdefaults()
