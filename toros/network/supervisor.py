"""All daemons of one machine: each its own process, started again when it dies, drained together.

The supervisor knows commands, not daemons. Each child is led by a thread of its own, which is also its parent in
the kernel's eyes; children that call `toros.network.parent.end_with_supervisor` end when that thread does.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from toros.network.parent import SUPERVISOR
from toros.network.readiness import ReadinessSocket

__all__ = ["ChildState", "Supervisor"]

Phase = Literal["starting", "ready", "waiting", "stopping", "stopped"]
Say = Callable[[str, str], None]

CALM = 60.0  # a child that lived so long starts again with the first delay; seconds


@dataclass(frozen=True)
class ChildState:
    """How one child is now.

    Attributes
    ----------
    name : str
    phase : {"starting", "ready", "waiting", "stopping", "stopped"}
        "waiting" is between a death and the next start.
    pid : int or None
    rss : int
        Resident memory; bytes.
    starts : int
        How often it was started.
    status : str
        What it last said of itself.
    code : int or None
        How the process before this one ended; negative for a signal.
    """

    name: str
    phase: Phase
    pid: int | None
    rss: int
    starts: int
    status: str
    code: int | None


class Supervisor:
    """Run commands side by side until told to stop.

    Parameters
    ----------
    commands : mapping of name to command line
    say : callable
        `(name, line)`: called from many threads with every line that a child writes, and with what happens to it.
    environment : mapping, optional
        For the children; the supervisor's own by default.
    first_delay, longest_delay : float
        Before a child that died is started again, doubling; seconds.
    grace : float
        Time for draining before a child is killed; seconds.
    silence : float
        A child that is ready must say WATCHDOG=1 within each such time, or it counts as hung and is killed; seconds.
    """

    def __init__(
        self,
        commands: Mapping[str, Sequence[str]],
        *,
        say: Say,
        environment: Mapping[str, str] | None = None,
        first_delay: float = 0.5,
        longest_delay: float = 30.0,
        grace: float = 25.0,
        silence: float = 60.0,
    ) -> None:
        self._grace = grace
        self._silence = silence
        self._hurry = False
        self._notices = ReadinessSocket(self._heard, self._end_the_hung, silence / 6)
        surroundings = dict(os.environ if environment is None else environment)
        surroundings[SUPERVISOR] = str(os.getpid())
        surroundings["PYTHONUNBUFFERED"] = "1"
        surroundings.pop("WATCHDOG_PID", None)
        if self._notices.address:
            surroundings["NOTIFY_SOCKET"] = self._notices.address
            surroundings["WATCHDOG_USEC"] = str(int(silence * 1e6))
        self._children = {
            name: _Child(name, command, say, surroundings, first_delay, longest_delay)
            for name, command in commands.items()
        }

    def __enter__(self) -> Supervisor:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start every child."""
        self._notices.start()
        for child in self._children.values():
            child.start()

    @property
    def notify_address(self) -> str:
        """Where the children say that they are ready: their NOTIFY_SOCKET."""
        return self._notices.address

    def states(self) -> list[ChildState]:
        """Return how each child is now, in the order of the commands."""
        return [child.state() for child in self._children.values()]

    def wait_until_ready(self, timeout: float) -> bool:
        """Wait until every child has said that it is ready; False where one has not within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while not (ready := all(state.phase == "ready" for state in self.states())) and time.monotonic() < deadline:
            time.sleep(0.05)
        return ready

    def stop(self) -> dict[str, int | None]:
        """Let every child drain, kill those that have not ended after `grace`, and return their exit codes."""
        for child in self._children.values():
            child.ask_to_stop()
        deadline = time.monotonic() + self._grace
        while time.monotonic() < deadline and not self._hurry:
            if not any(child.lives() for child in self._children.values()):
                break
            time.sleep(0.02)
        for child in self._children.values():
            child.kill()
        for child in self._children.values():
            child.join(5.0)
        self._notices.close()
        return {name: child.state().code for name, child in self._children.items()}

    def hurry(self) -> None:
        """Cut short the time that `stop` gives to draining; from any thread or signal handler, so it takes no lock."""
        self._hurry = True

    def _heard(self, pid: int, notice: Mapping[str, str]) -> None:
        for child in self._children.values():
            child.heard(pid, notice)

    def _end_the_hung(self) -> None:
        for child in self._children.values():
            child.end_if_silent(self._silence)


class _Child:
    """One command, and the thread that keeps it running."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        say: Say,
        environment: Mapping[str, str],
        first_delay: float,
        longest_delay: float,
    ) -> None:
        self.name = name
        self._command = list(command)
        self._say = say
        self._environment = environment
        self._delays = (first_delay, longest_delay)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._phase: Phase = "starting"
        self._starts = 0
        self._status = ""
        self._last_sign = 0.0
        self._code: int | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=f"keep-{name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def lives(self) -> bool:
        return self._thread.is_alive()

    def join(self, timeout: float) -> None:
        self._thread.join(timeout)

    def state(self) -> ChildState:
        with self._lock:
            pid = self._process.pid if self._process else None
            phase, starts, status, code = self._phase, self._starts, self._status, self._code
        return ChildState(self.name, phase, pid, _resident(pid), starts, status, code)

    def heard(self, pid: int, notice: Mapping[str, str]) -> None:
        with self._lock:
            if self._process is None or self._process.pid != pid:
                return
            self._status = notice.get("STATUS", self._status)
            if "READY" in notice or "WATCHDOG" in notice:
                self._last_sign = time.monotonic()
            if notice.get("READY") == "1" and self._phase == "starting":
                self._phase = "ready"
            if notice.get("STOPPING") == "1":
                self._phase = "stopping"

    def end_if_silent(self, silence: float) -> None:
        with self._lock:
            hung = self._phase == "ready" and time.monotonic() - self._last_sign > silence
            if hung and self._process:
                self._say(self.name, f"has given no sign of life for {silence:g} s and is killed")
                _sweep(self._process.pid)
                self._phase = "waiting"

    def ask_to_stop(self) -> None:
        with self._lock:
            self._stopping.set()
            if self._process:
                self._phase = "stopping"
                self._process.terminate()

    def kill(self) -> None:
        with self._lock:
            if self._process:
                self._say(self.name, "has not drained in time and is killed")
                _sweep(self._process.pid)

    def _keep(self) -> None:
        """Start the child, wait for its end, and do it again with growing delays until told to stop."""
        first, longest = self._delays
        delay = first
        while not self._stopping.is_set():
            began = time.monotonic()
            end = self._live()
            if self._stopping.is_set():
                break
            if time.monotonic() - began > CALM:
                delay = first
            self._say(self.name, f"{end} and is started again in {delay:.3g} s")
            self._stopping.wait(delay)
            delay = min(2 * delay, longest)
        with self._lock:
            self._phase = "stopped"

    def _live(self) -> str:
        """Run the process once, from its start to its end, and return in words how it ended."""
        try:
            process = self._begin()
        except OSError as error:
            self._ended(None)
            return f"cannot be started ({error.strerror})"
        if process is None:
            return "was not started"
        reader = threading.Thread(target=self._read, args=(process,), name=f"read-{self.name}", daemon=True)
        reader.start()
        code = process.wait()
        _sweep(process.pid)  # what it had started must not go on without it
        reader.join(1.0)
        self._ended(code)
        return f"ended ({_in_words(code)})"

    def _begin(self) -> subprocess.Popen[str] | None:
        """Start the process, in a group of its own so that a terminal's Ctrl-C reaches the supervisor alone."""
        with self._lock:
            if self._stopping.is_set():
                return None
            self._process, self._starts = None, self._starts + 1
            self._process = subprocess.Popen(
                self._command,
                env=dict(self._environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                text=True,
                errors="replace",
            )
            self._phase, self._status = "starting", ""
            return self._process

    def _ended(self, code: int | None) -> None:
        with self._lock:
            self._process, self._code = None, code
            if not self._stopping.is_set():
                self._phase = "waiting"

    def _read(self, process: subprocess.Popen[str]) -> None:
        if process.stdout is None:
            return
        with process.stdout as lines, contextlib.suppress(ValueError):
            for line in lines:
                self._say(self.name, line.rstrip("\n"))


def _sweep(group: int) -> None:
    """Kill every process of a child's group that is left."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def _in_words(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def _resident(pid: int | None) -> int:
    """Return the resident memory of a process in bytes; 0 where it cannot be read."""
    if pid is None:
        return 0
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
