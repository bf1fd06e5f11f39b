"""Opening a file that may be packed or hostile: only regular files, and only so many bytes of them."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, BinaryIO, cast

from toros.errors import BadFrame, UnfinishedFrame
from toros.reduction.structure import Limits, readable

__all__ = ["open_unpacked", "sha256_of"]

CHUNK = 1 << 20
FREE = 64 << 20  # a small file may pack as well as it likes: a blank test frame does
_OTHERS = {
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"PK\x03\x04": "zip",
    b"\x1f\x9d": "compress",
    b"\x28\xb5\x2f\xfd": "zstd",
}


@contextmanager
def open_unpacked(path: Path, limits: Limits, scratch: Path | None = None) -> Iterator[tuple[BinaryIO, int, str, int]]:
    """Open a file for reading, unpacked where it is gzip: into a nameless file of the folder `scratch`, else in memory.

    Yields
    ------
    file : binary file
        Seekable.
    length : int
        Bytes in it, unpacked.
    sha256 : str
        Of the file on disk.
    size : int
        Bytes on disk.

    Raises
    ------
    BadFrame
        It is not a regular file, is empty, cannot be read, unpacks to too much, or changes while it is read.
    """
    with _open_regular(path) as raw:
        size = os.fstat(raw.fileno()).st_size
        if size == 0:
            raise UnfinishedFrame("is empty")
        if size > limits.size:
            raise BadFrame(f"is {readable(size)} long; the limit is {limits.said}")
        magic = raw.read(8)
        raw.seek(0)
        digest = _hash_of(path.absolute(), _Identity.of(os.fstat(raw.fileno())))
        other = next((name for start, name in _OTHERS.items() if magic.startswith(start)), None)
        if other:
            raise BadFrame(f"is packed by {other}, which is not read: unpack it first")
        if magic.startswith(b"\x1f\x8b"):
            with tempfile.TemporaryFile(dir=scratch) if scratch else io.BytesIO() as unpacked:
                length = _gunzip(raw, size, limits, unpacked)
                yield cast("BinaryIO", unpacked), length, digest, size
        else:
            yield raw, size, digest, size
        if os.fstat(raw.fileno()).st_size != size:
            raise UnfinishedFrame("grew or shrank while it was read: it is still being written")


@dataclass(frozen=True)
class _Identity:
    """What changes when a file's bytes do."""

    device: int
    inode: int
    size: int
    modified: int
    changed: int

    @classmethod
    def of(cls, found: os.stat_result) -> _Identity:
        return cls(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


@lru_cache(maxsize=256)
def _hash_of(path: Path, identity: _Identity) -> str:  # noqa: ARG001 - the identity makes a changed file another one
    """Return the hash of a file; that of a master is asked for with every frame, and takes longer than the frame."""
    return sha256_of(path)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _open_regular(path: Path) -> Iterator[BinaryIO]:
    try:
        # without O_NONBLOCK a pipe named .fits would hold us for ever
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise BadFrame(f"cannot be opened: {os.strerror(error.errno or 0).lower()}") from None
    with os.fdopen(descriptor, "rb", closefd=True) if _regular(descriptor) else _refuse(descriptor) as file:
        yield file


def _regular(descriptor: int) -> bool:
    return stat.S_ISREG(os.fstat(descriptor).st_mode)


def _refuse(descriptor: int) -> BinaryIO:
    folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
    os.close(descriptor)
    raise BadFrame("is a folder, not a file" if folder else "is not a regular file")


def _gunzip(raw: BinaryIO, size: int, limits: Limits, unpacked: IO[bytes]) -> int:
    """Unpack and return how many bytes came; stop as soon as there are more than a real frame could give."""
    allowed = min(limits.size, max(FREE, int(limits.ratio * size)))
    length = 0
    packed = b""
    engine = zlib.decompressobj(wbits=31)
    try:
        while True:
            packed = packed or raw.read(CHUNK)
            if not packed:
                break
            length += unpacked.write(engine.decompress(packed, CHUNK))
            if length > allowed:
                raise BadFrame(f"unpacks {readable(size)} into more than {readable(allowed)}: refused as a gzip bomb")
            packed = engine.unconsumed_tail
            if engine.eof:
                packed = engine.unused_data or raw.read(CHUNK)
                if not packed.startswith(b"\x1f\x8b"):
                    break  # padding after the last member
                engine = zlib.decompressobj(wbits=31)
        if not engine.eof:
            length += unpacked.write(engine.flush())
    except zlib.error:
        raise BadFrame("is damaged: its gzip packing breaks off or does not fit its checksum") from None
    if not engine.eof:
        raise UnfinishedFrame("its gzip packing breaks off: the file is truncated or still being written")
    return length
