"""What the service manager hears."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from toros.network.notify import Notifier


def test_words_reach_the_manager(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "30000000"})
        assert notifier.watchdog == 30.0
        assert notifier.say(READY=1, STATUS="at http://127.0.0.1:8703")
        assert manager.recv(4096) == b"READY=1\nSTATUS=at http://127.0.0.1:8703"


def test_an_abstract_socket_is_found() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"\0toros-test-{os.getpid()}")
        assert Notifier({"NOTIFY_SOCKET": f"@toros-test-{os.getpid()}"}).say(WATCHDOG=1)
        assert manager.recv(100) == b"WATCHDOG=1"


def test_without_a_manager_nothing_is_said(tmp_path: Path) -> None:
    assert not Notifier({}).say(READY=1)
    assert not Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).say(READY=1)


def test_a_watchdog_meant_for_another_process_is_not_ours() -> None:
    assert Notifier({"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"}).watchdog == 0.0
