"""Bundles: read by tar and zip, of files larger than what is in memory at once."""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO

import pytest

from toros.data.bundles import PIECE, Entry, stream_tar, stream_zip
from toros.errors import Temporary

FILES = {"1/a.fits": b"a" * (3 * PIECE + 7), "2/Ä" + "x" * 150: b"", "3/c": b"c" * 512}
Stream = Callable[[Iterable[Entry]], Iterator[bytes]]


def entry(name: str, contents: bytes, size: int | None = None) -> Entry:
    return Entry(name, len(contents) if size is None else size, lambda: BytesIO(contents))


def test_a_tar_holds_every_file() -> None:
    pieces = list(stream_tar(entry(name, contents) for name, contents in FILES.items()))
    assert max(map(len, pieces)) <= PIECE
    with tarfile.open(fileobj=BytesIO(b"".join(pieces))) as bundle:
        assert {each.name: bundle.extractfile(each).read() for each in bundle} == FILES  # type: ignore[union-attr]


def test_a_zip_holds_every_file() -> None:
    pieces = list(stream_zip(entry(name, contents) for name, contents in FILES.items()))
    assert max(map(len, pieces)) <= 2 * PIECE
    with zipfile.ZipFile(BytesIO(b"".join(pieces))) as bundle:
        assert bundle.testzip() is None
        assert {name: bundle.read(name) for name in bundle.namelist()} == FILES


@pytest.mark.parametrize("stream", [stream_tar, stream_zip])
@pytest.mark.parametrize("size", [2, 4])
def test_a_file_of_another_size_ends_it(stream: Stream, size: int) -> None:
    with pytest.raises(Temporary, match=f"x has not {size} bytes any more"):
        list(stream([entry("x", b"abc", size)]))
