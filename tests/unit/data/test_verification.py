"""A file is recorded only where it is what its order says."""

from __future__ import annotations

import hashlib
import os
import tracemalloc
from pathlib import Path

import pytest

from toros.data.verification import PIECE, verify_file
from toros.errors import OrderCancelled, Permanent, Temporary


@pytest.fixture
def frame(tmp_path: Path) -> Path:
    path = tmp_path / "frame.fits"
    path.write_bytes(b"SIMPLE  =                    T" * 100)
    return path


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_right_file_passes(frame: Path) -> None:
    verify_file(frame, 3000, sha256(frame))


def test_an_empty_file_passes(tmp_path: Path) -> None:
    path = tmp_path / "empty"
    path.touch()
    verify_file(path, 0, sha256(path))


def test_a_missing_file_may_still_arrive(tmp_path: Path, frame: Path) -> None:
    with pytest.raises(Temporary, match=r"^products:x\.fits is not there"):
        verify_file(tmp_path / "x.fits", 1, "0" * 64, name="products:x.fits")
    with pytest.raises(Temporary, match="is not there"):
        verify_file(frame / "below_a_file.fits", 1, "0" * 64)


def test_a_file_that_is_still_growing_may_be_complete_later(frame: Path) -> None:
    with pytest.raises(Temporary, match="holds 3000 bytes of 3001"):
        verify_file(frame, 3001, sha256(frame))


def test_a_larger_file_is_another_file(frame: Path) -> None:
    with pytest.raises(Permanent, match="holds 3000 bytes, the order says 2999"):
        verify_file(frame, 2999, sha256(frame))


def test_other_contents_are_refused(frame: Path) -> None:
    with pytest.raises(Permanent, match="its contents are others"):
        verify_file(frame, 3000, "0" * 64)


def test_folders_and_pipes_are_no_files(tmp_path: Path) -> None:
    with pytest.raises(Permanent, match="is not a file"):
        verify_file(tmp_path, 0, "0" * 64, name="products:folder")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Permanent, match="is not a file"):
        verify_file(tmp_path / "pipe", 0, "0" * 64)


def test_a_big_file_is_read_in_pieces_and_tells_how_far_it_is(tmp_path: Path) -> None:
    path = tmp_path / "big.fits"
    with path.open("wb") as file:
        file.truncate(16 * PIECE)
    digest = sha256(path)
    told: list[float] = []
    tracemalloc.start()
    verify_file(path, 16 * PIECE, digest, progress=told.append)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * PIECE
    assert told == [i / 16 for i in range(1, 17)]


def test_an_order_taken_back_stops_the_reading(frame: Path) -> None:
    def taken_back(fraction: float) -> None:
        raise OrderCancelled("taken back")

    with pytest.raises(OrderCancelled):
        verify_file(frame, 3000, sha256(frame), progress=taken_back)
