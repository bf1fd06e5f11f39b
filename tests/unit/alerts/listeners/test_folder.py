"""A folder into which files are put: whole ones are read, and moved when they are safe."""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path

import pytest

from toros.alerts.listeners.folder import FolderListener
from toros.alerts.listeners.message import ConnectionLost


def opened(folder: Path, still: float = 0.0, largest: int = 1000) -> FolderListener:
    listener = FolderListener("folder:in", folder, still=still, largest=largest)
    listener.open({})
    return listener


def names(listener: FolderListener) -> list[str]:
    found = []
    while (message := listener.receive(0.0)) is not None:
        listener.settle(message)
        found.append(message.name)
    return found


def test_a_file_is_moved_only_when_it_is_safe(tmp_path: Path) -> None:
    listener = opened(tmp_path / "in")
    (tmp_path / "in" / "a.xml").write_bytes(b"<a/>")
    message = listener.receive(0.0)
    assert message is not None and message.content == b"<a/>"
    assert (again := listener.receive(0.0)) is not None and again.content == b"<a/>"
    listener.settle(message)
    assert (tmp_path / "in" / "done" / "a.xml").read_bytes() == b"<a/>"
    assert listener.receive(0.0) is None


def test_the_oldest_comes_first_and_names_that_come_again_stand_beside_each_other(tmp_path: Path) -> None:
    listener = opened(tmp_path)
    for number, name in enumerate(("b.json", "a.json")):
        (tmp_path / name).write_bytes(name.encode())
        os.utime(tmp_path / name, (number + 1, number + 1))
    assert names(listener) == ["b.json", "a.json"]
    (tmp_path / "a.json").write_bytes(b"another")
    assert names(listener) == ["a.json"]
    assert {file.name for file in (tmp_path / "done").iterdir()} == {"a.json", "a-2.json", "b.json"}


def test_a_file_that_still_grows_is_left(tmp_path: Path) -> None:
    listener = opened(tmp_path, still=0.1)
    with (tmp_path / "growing.json").open("wb", buffering=0) as file:
        for _ in range(4):
            file.write(b"more")
            assert listener.receive(0.0) is None
            time.sleep(0.04)
    message = listener.receive(1.0)
    assert message is not None and message.content == b"more" * 4


@pytest.mark.parametrize("name", [".hidden.xml", "a.xml.part", "a.tmp", "A.TMP"])
def test_names_of_unfinished_files_are_left(tmp_path: Path, name: str) -> None:
    listener = opened(tmp_path)
    (tmp_path / name).write_bytes(b"<a/>")
    assert names(listener) == []


def test_links_folders_and_pipes_are_left(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    listener = opened(tmp_path / "in")
    (tmp_path / "in" / "link").symlink_to(tmp_path / "secret")
    (tmp_path / "in" / "folder").mkdir()
    os.mkfifo(tmp_path / "in" / "pipe")
    assert names(listener) == []


def test_a_huge_file_is_set_aside_unread_and_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    listener = opened(tmp_path)
    with (tmp_path / "huge.json").open("wb") as file:
        file.truncate(5_000_000_000)
    (tmp_path / "small.json").write_bytes(b"{}")
    with caplog.at_level(logging.ERROR):
        assert names(listener) == ["small.json"]
    assert (tmp_path / "too_large" / "huge.json").exists()
    assert "larger than 1000 bytes" in caplog.text


def test_a_folder_that_is_gone_is_a_lost_connection(tmp_path: Path) -> None:
    listener = opened(tmp_path / "in")
    (tmp_path / "in" / "done").rmdir()
    (tmp_path / "in").rmdir()
    with pytest.raises(ConnectionLost, match="cannot be read"):
        listener.receive(0.0)
    (tmp_path / "file").touch()
    with pytest.raises(ConnectionLost, match="cannot be made"):
        opened(tmp_path / "file" / "in")
