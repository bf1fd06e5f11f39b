"""Daemons that start at once: forked from one process that has read their program and does nothing else.

A daemon spends more than half of its start on reading modules, and the tests start some hundreds. The child has a
session, a folder, an environment, a module path and output of its own, as if its interpreter had just begun. That
the command starts a daemon too is proved where the command is tried, in the tests of the supervisor.

>>> child = nursery().start(["preprocessor", "--config", str(file)], folder, os.environ, folder / "out")
>>> child.wait(10)
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["Child", "Nursery", "nursery"]

REPOSITORY = Path(__file__).parents[2]
LOOK = 0.005  # seconds between two looks at whether a child has ended


class Child:
    """One daemon process; what a test may do with a `subprocess.Popen` it may do with this."""

    def __init__(self, nursery: Nursery, pid: int) -> None:
        self._nursery = nursery
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit status, negative for a signal; None while the process runs."""
        if self.returncode is None:
            self.returncode = self._nursery.ask(ended=self.pid)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end and return the exit status.

        Raises
        ------
        TimeoutExpired
            It runs still, after so many seconds.
        """
        deadline = time.monotonic() + timeout if timeout is not None else None
        while (status := self.poll()) is None:
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(f"daemon {self.pid}", timeout or 0.0)
            time.sleep(LOOK)
        return status

    def send_signal(self, sign: int) -> None:
        """Send a signal, unless the process has ended."""
        if self.poll() is None:
            os.kill(self.pid, sign)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.send_signal(signal.SIGKILL)


class Nursery:
    """The process that daemons are forked from; it ends with the tests."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        path = os.pathsep.join([str(REPOSITORY), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.nursery", str(theirs.fileno())],
                cwd=REPOSITORY, env={**os.environ, "PYTHONPATH": path}, stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()], start_new_session=True,
            )  # fmt: skip
        self._line = ours.makefile("rw")
        ours.close()  # the file keeps it
        self._turn = threading.Lock()

    def start(self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str], log: Path) -> Child:
        """Start a daemon in a session of its own, and return at once.

        Parameters
        ----------
        arguments : sequence of str
            Of `python -m toros.network.daemon`.
        folder : Path
            Where it runs.
        environment : mapping
            All of it.
        log : Path
            What it writes is added to this file.
        """
        wanted = {"arguments": list(arguments), "folder": str(folder), "environment": dict(environment)}
        return Child(self, self.ask(start={**wanted, "log": str(log)}))

    def ask(self, **request: Any) -> Any:
        """Return what the process answers."""
        with self._turn:
            self._line.write(json.dumps(request) + "\n")
            self._line.flush()
            return json.loads(self._line.readline())

    def close(self) -> None:
        """End the process; its children live on."""
        self._line.close()
        self._process.wait()


@cache
def nursery() -> Nursery:
    """Return the nursery of these tests, made when first asked for."""
    made = Nursery()
    atexit.register(made.close)
    return made


def _awaited(descriptor: int) -> list[str] | None:
    """Serve the tests until they end; in a child, return at once with the arguments of its daemon."""
    with socket.socket(fileno=descriptor) as connection, connection.makefile("rw") as line:
        while request := line.readline():
            wanted = json.loads(request)
            if "start" in wanted and (pid := os.fork()) == 0:
                return _settled(**wanted["start"])
            print(json.dumps(pid if "start" in wanted else _ended(wanted["ended"])), file=line, flush=True)
    return None


def _ended(child: int) -> int | None:
    pid, status = os.waitpid(child, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if pid else None


def _settled(arguments: list[str], folder: str, environment: dict[str, str], log: str) -> list[str]:
    """Make this child what a new process would be, and return its arguments."""
    os.setsid()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    sys.path[:1] = [folder, *environment.get("PYTHONPATH", "").split(os.pathsep)]
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    for standard in (1, 2):
        os.dup2(output, standard)
    os.close(output)
    return arguments


if __name__ == "__main__":
    import alembic.command  # noqa: F401 - every daemon of a test begins with an empty database

    from toros.network import daemon

    for_daemon = _awaited(int(sys.argv[1]))
    if for_daemon is not None:
        sys.argv[1:] = for_daemon
        sys.exit(daemon.main(for_daemon))
