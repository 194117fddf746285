"""What a command does before it imports Keras or draws."""

from freyvae.cli.words import say
from freyvae.compilation_cache import keep_compiled_programs
from freyvae.keras_import import import_keras
from freyvae.signals import handled_by, leave


def prepare_keras() -> None:
    """Import Keras; compiled programs are kept for the next command."""
    keep_compiled_programs(say)
    import_keras()


def prepare_matplotlib() -> None:
    """Have matplotlib draw as it does on a new machine, whatever the user's matplotlibrc says: LaTeX, say."""
    with handled_by(leave):
        import matplotlib

        matplotlib.rcdefaults()
