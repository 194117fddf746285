"""Decodes every JPEG of a folder with Pillow, in a pool of processes, and keeps nothing.

python -m studies.speed.contenders.pillow_pool FOLDER PROCESSES
"""

import json
import multiprocessing
import sys
from pathlib import Path

import numpy as np
from PIL import Image

AT_ONCE = 256


def decoded_bytes(path: Path) -> int:
    with Image.open(path) as picture:
        return np.asarray(picture).nbytes


def main(folder: str, processes: str) -> None:
    files = sorted(Path(folder).rglob("*.jpg"))
    with multiprocessing.get_context("spawn").Pool(int(processes)) as pool:
        total = sum(pool.imap(decoded_bytes, files, chunksize=AT_ONCE))
    print(json.dumps({"files": len(files), "bytes": total}))


if __name__ == "__main__":
    main(*sys.argv[1:])
