"""Given a daemon that is told to stop again and again at once, it drains and ends."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.support.daemons import Network

TIMES = 200


@pytest.mark.parametrize("attempt", range(3))
def test_many_signals_at_once_end_a_daemon_as_one_does(tmp_path: Path, attempt: int) -> None:
    with Network(tmp_path, services=["harvester"]) as network:
        harvester = network["harvester"]
        for _ in range(TIMES):
            os.kill(harvester.pid, signal.SIGTERM if attempt else signal.SIGINT)
        assert harvester.stop(15.0) == 0
