"""Programs that JAX has compiled are kept in the user's cache folder: the next command need not compile them again."""

import os
import tempfile
import warnings
from collections.abc import Callable

VARIABLE = "JAX_COMPILATION_CACHE_DIR"


def keep_compiled_programs(say: Callable[[str], None]) -> None:
    """Have JAX keep all that it compiles, before it is imported. A folder that the user chose stays the user's choice.

    Processes can share the folder: what one of them reads while another is writing it, and what is damaged, it compiles
    anew. Where the folder cannot be written, `say` is told so in one line, and the work goes on without it.
    """
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
    if VARIABLE in os.environ:
        return
    from platformdirs import user_cache_path

    folder = user_cache_path("freyvae", appauthor=False) / "compiled"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"x")
    except OSError as error:
        say(f"note: compiled programs are not kept, cannot write {folder}: {error.strerror or error}")
        return
    os.environ[VARIABLE] = str(folder)
    warnings.filterwarnings("ignore", message="Error (reading|writing) persistent compilation cache entry")
