from __future__ import annotations

import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from toros.durable import write_durably


def test_a_file_is_written_with_its_folders(tmp_path: Path) -> None:
    write_durably(tmp_path / "a" / "b" / "c.txt", b"content")
    assert (tmp_path / "a" / "b" / "c.txt").read_bytes() == b"content"
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == ["c.txt"]


def test_a_failure_leaves_the_earlier_file_and_nothing_else(tmp_path: Path) -> None:
    write_durably(tmp_path / "a.txt", b"earlier")
    with pytest.raises(TypeError):
        write_durably(tmp_path / "a.txt", "no bytes")  # type: ignore[arg-type]
    assert (tmp_path / "a.txt").read_bytes() == b"earlier"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_folder_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(OSError, match="a.txt"):
        write_durably(tmp_path / "a.txt", b"content")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def write_for_ever(path: Path) -> None:
    for number in range(1_000_000):
        write_durably(path, str(number % 10).encode() * 1_000_000)


def test_whoever_is_killed_while_writing_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    for pause in (0.05, 0.11, 0.17):
        writer = multiprocessing.get_context("spawn").Process(target=write_for_ever, args=(path,))
        writer.start()
        while not path.exists():
            time.sleep(0.01)
        time.sleep(pause)
        os.kill(writer.pid or 0, signal.SIGKILL)
        writer.join()
        content = path.read_bytes()
        assert len(content) == 1_000_000
        assert content == content[:1] * len(content)
