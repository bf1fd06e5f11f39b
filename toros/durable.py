"""Files that survive a power cut: a reader sees the whole file or none, and what was written stays written."""

from __future__ import annotations

import os
import threading
from pathlib import Path

__all__ = ["write_durably"]


def write_durably(path: Path, content: bytes) -> None:
    """Write a file, or replace it, in one step that a crash cannot cut in two.

    Parameters
    ----------
    path : Path
        Its folder is made where it is missing.
    content : bytes
        The whole file.

    Raises
    ------
    OSError
        It could not be written; an earlier file of this name is as it was, and nothing half-written is left.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.tmp")
    try:
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)  # the name, too
    finally:
        os.close(folder)
