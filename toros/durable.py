"""Files that survive a power cut: a reader sees the whole file or none, and what was written stays written."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

__all__ = ["durable_file", "write_durably"]


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
    with durable_file(path) as file:
        file.write(content)


@contextmanager
def durable_file(path: Path) -> Iterator[BinaryIO]:
    """Yield a new file, to be written and read in any order, which takes its name once it is whole.

    Parameters
    ----------
    path : Path
        Its folder is made where it is missing.

    Raises
    ------
    OSError
        It could not be written; as with any other error inside, an earlier file of this name is as it was, and nothing
        half-written is left.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.tmp")
    try:
        with unfinished.open("w+b") as file:
            yield file
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
