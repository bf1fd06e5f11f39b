"""Bundles: many products as one tar or zip, written piece by piece, whatever their size."""

from __future__ import annotations

import json
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from io import BytesIO, RawIOBase
from typing import TYPE_CHECKING, Any, BinaryIO

from toros.errors import Temporary

if TYPE_CHECKING:
    from toros.data.storage import Storage
    from toros.files import Roots

__all__ = ["CONTENTS", "Entry", "entries_of", "stream_tar", "stream_zip"]

PIECE = 1024 * 1024  # bytes
BLOCK = tarfile.BLOCKSIZE
CONTENTS = "products.json"  # what the bundle holds, as `find_products` tells it


@dataclass(frozen=True)
class Entry:
    """One file of a bundle.

    Attributes
    ----------
    name : str
        In the bundle.
    size : int
        Bytes.
    open : callable
        Opens the file for reading.
    """

    name: str
    size: int
    open: Callable[[], AbstractContextManager[BinaryIO]]


def entries_of(products: Sequence[Mapping[str, Any]], files: Roots, storage: Storage) -> list[Entry]:
    """Return the files of products, and a list of what they are, as entries of a bundle.

    Parameters
    ----------
    products : sequence of mapping
        As `find_products` answers them.
    files : Roots
        Where those lie that are not in the storage.
    storage : Storage
    """
    entries = [_listing(products)]
    for product in products:
        location, stored = str(product["file_location"]), product.get("stored")
        name = f"{product['number']}/{location.rpartition(':')[2].rpartition('/')[2]}"
        opened = _opener(storage.open, str(stored)) if stored else _opener(files.open, location)
        entries.append(Entry(name, int(product["size"]), opened))
    return entries


def stream_tar(entries: Iterable[Entry]) -> Iterator[bytes]:
    """Yield the bytes of a tar of the entries, in order.

    Raises
    ------
    Temporary
        A file has not the size that was told: the bundle ends there, and is not whole.
    """
    for entry in entries:
        about = tarfile.TarInfo(entry.name)
        about.size, about.mode = entry.size, 0o644
        yield about.tobuf(tarfile.PAX_FORMAT)
        yield from _pieces(entry)
        yield bytes(-entry.size % BLOCK)
    yield bytes(2 * BLOCK)


def stream_zip(entries: Iterable[Entry]) -> Iterator[bytes]:
    """Yield the bytes of a zip of the entries, not compressed: images hardly shrink. See `stream_tar`."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as bundle:
        for entry in entries:
            with bundle.open(zipfile.ZipInfo(entry.name), "w", force_zip64=True) as copy:
                for piece in _pieces(entry):
                    copy.write(piece)
                    yield sink.taken()
            yield sink.taken()
    yield sink.taken()


class _Sink(RawIOBase):
    """Keeps what is written until it is taken."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def taken(self) -> bytes:
        """Return what was written since the last time."""
        taken, self._pieces = b"".join(self._pieces), []
        return taken


def _pieces(entry: Entry) -> Iterator[bytes]:
    left = entry.size
    with entry.open() as file:
        for piece in iter(lambda: file.read(PIECE), b""):
            left -= len(piece)
            if left < 0:
                break
            yield piece
    if left:
        raise Temporary(f"{entry.name} has not {entry.size} bytes any more: the bundle is not whole")


def _listing(products: Sequence[Mapping[str, Any]]) -> Entry:
    text = json.dumps({"products": products}, indent=1, ensure_ascii=False).encode()
    return Entry(CONTENTS, len(text), lambda: BytesIO(text))


def _opener(open_: Callable[[str], Any], name: str) -> Callable[[], Any]:
    return lambda: open_(name)
