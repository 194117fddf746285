"""How much memory is free?"""

import sys
from pathlib import Path

import keras


def free_bytes() -> int:
    """Free memory of the device that JAX computes on, or of the machine; where nobody knows, no limit."""
    stats = None
    if keras.backend.backend() == "jax":
        import jax

        stats = jax.local_devices()[0].memory_stats()
    if stats and "bytes_limit" in stats:
        return int(stats["bytes_limit"] - stats["bytes_in_use"])
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable:"))
    except (OSError, ValueError, StopIteration):
        return sys.maxsize
