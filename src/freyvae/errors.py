"""What can go wrong for a reason that the person at the keyboard can mend, and the exit code that says so."""


class FreyvaeError(Exception):
    """Base of every error that freyvae raises on purpose: one clear line, what was wrong and what to do."""

    exit_code = 1


class BadInput(FreyvaeError, ValueError):
    """An input, a flag or a file is wrong. The command line exits with 2."""

    exit_code = 2


class TrainingFailed(FreyvaeError, RuntimeError):
    """Training could not go on: the loss is no longer a number. The command line exits with 1."""
