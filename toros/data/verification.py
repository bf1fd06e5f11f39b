"""Seeing for ourselves what a file holds, and that it is what its order says, before it is recorded."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from toros.errors import Permanent, Temporary

__all__ = ["identify_file", "size_of_file", "verify_file"]

PIECE = 4 * 1024 * 1024  # bytes read at once


def verify_file(
    path: Path, size: int, sha256: str, *, name: str = "", progress: Callable[[float], None] = lambda _: None
) -> None:
    """Check that a file exists with this size and hash; files of any size, read in pieces.

    Parameters
    ----------
    path : Path
        The file, inside the roots.
    size : int
        Bytes that it must hold.
    sha256 : str
        Hash that it must have, hexadecimal.
    name : str
        How messages call it, where not by its path.
    progress : callable
        Told the fraction that was read, 0 to 1, after each piece; what it raises ends the reading.

    Raises
    ------
    Temporary
        The file is not there, or not all of it: on a shared folder it may still be on its way.
    Permanent
        It is another file than the order says.
    """
    name = name or path.name
    with _opened(path, name) as file:
        found = os.fstat(file.fileno()).st_size
        if found < size:
            raise Temporary(f"{name} holds {found} bytes of {size}: it may still be on its way")
        if found > size:
            raise Permanent(f"{name} holds {found} bytes, the order says {size}: it is another file")
        digest = _digest(file, size, progress)
    if digest != sha256:
        raise Permanent(f"{name} has the SHA-256 {digest}, the order says {sha256}: its contents are others")


def identify_file(path: Path, *, name: str = "", progress: Callable[[float], None] = lambda _: None) -> tuple[int, str]:
    """Return size and SHA-256 of a file; see `verify_file`."""
    with _opened(path, name or path.name) as file:
        size = os.fstat(file.fileno()).st_size
        return size, _digest(file, size, progress)


def size_of_file(path: Path, *, name: str = "") -> int:
    """Return the size of a file in bytes, without reading it; see `verify_file`."""
    with _opened(path, name or path.name) as file:
        return os.fstat(file.fileno()).st_size


def _opened(path: Path, name: str) -> BinaryIO:
    """Open a regular file without waiting for anybody: a pipe would never end."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        raise Temporary(f"{name} is not there: is the folder mounted, and did the file arrive?") from None
    except PermissionError:
        raise Permanent(f"{name} cannot be read by this daemon: give its user the permission") from None
    except OSError as error:
        raise Temporary(f"{name} cannot be opened: {error.strerror}") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Permanent(f"{name} is not a file")
    return os.fdopen(descriptor, "rb", buffering=0)


def _digest(file: BinaryIO, size: int, progress: Callable[[float], None]) -> str:
    digest = hashlib.sha256()
    done = 0
    while piece := file.read(PIECE):
        digest.update(piece)
        done += len(piece)
        progress(min(1.0, done / max(1, size)))
    return digest.hexdigest()
