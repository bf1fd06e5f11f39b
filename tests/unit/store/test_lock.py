"""Locks that the kernel frees, and turns that are fair."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from toros.errors import DatabaseError
from toros.store.lock import DaemonLock, Turnstile

HOLD = "import sys, time; from pathlib import Path; from toros.store.lock import DaemonLock\n"
HOLD += "lock = DaemonLock.of(Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"


def test_the_lock_names_its_holder_and_dies_with_it(tmp_path: Path) -> None:
    file = tmp_path / "a.sqlite"
    with subprocess.Popen([sys.executable, "-c", HOLD, str(file)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(DatabaseError, match=f"process {holder.pid}"):
            DaemonLock.of(file)
        holder.kill()
        holder.wait()
        DaemonLock.of(file).release()


def test_a_released_lock_can_be_taken_again(tmp_path: Path) -> None:
    for _ in range(3):
        DaemonLock.of(tmp_path / "a.sqlite").release()


def test_only_one_is_past_the_turnstile(tmp_path: Path) -> None:
    shared = tmp_path / "count"
    shared.write_text("0")
    turnstile = Turnstile(tmp_path / "a")
    children = []
    for _ in range(3):
        child = os.fork()
        if child == 0:
            own = Turnstile(tmp_path / "a")
            for _ in range(200):
                with own:
                    shared.write_text(str(int(shared.read_text()) + 1))
            os._exit(0)
        children.append(child)
    for child in children:
        assert os.waitpid(child, 0)[1] == 0
    with turnstile:
        assert shared.read_text() == "600"
    turnstile.close()
