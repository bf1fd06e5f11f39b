"""Small pieces of work for engines: well-behaved, wrong and deadly ones; importable in a child process."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from pathlib import Path

from toros.errors import BadFrame


class Awkward(Exception):
    """An exception that packs but does not unpack."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(f"{one} {two}")


class AwkwardFrame(BadFrame):
    """A frame's exception that does not unpack."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(f"{one} {two}")


def double(number: int) -> int:
    """Return twice the number."""
    return 2 * number


def process_id(_: object = None) -> int:
    """Return the number of the process that runs this."""
    return os.getpid()


def leave_mark(folder: Path) -> None:
    """Leave a file that is called by the number of the process."""
    (folder / str(os.getpid())).touch()


def parents() -> tuple[int, dict[str, str]]:
    """Return the parent's process number and the environment."""
    return os.getppid(), dict(os.environ)


def nap(seconds: float) -> float:
    """Sleep, and answer how long."""
    time.sleep(seconds)
    return seconds


def note_and_nap(path: str, seconds: float) -> int:
    """Write the process number into a file, then sleep."""
    Path(path).write_text(str(os.getpid()))
    time.sleep(seconds)
    return os.getpid()


def burn(seconds: float) -> None:
    """Use so much CPU time."""
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def bad_frame(name: str) -> None:
    """Raise BadFrame."""
    raise BadFrame(f"{name} is truncated")


def awkward() -> None:
    """Raise an exception that does not unpack."""
    raise Awkward("cannot", "unpack")


def awkward_frame() -> None:
    """Raise a BadFrame that does not unpack."""
    raise AwkwardFrame("half a", "frame")


def unpackable() -> object:
    """Return what cannot be carried between processes."""
    return lambda: None


def segfault() -> None:
    """Read from address zero."""
    ctypes.string_at(0)


def eat_memory(mebibytes: int) -> int:
    """Allocate and touch memory."""
    return len(bytearray(b"x") * (mebibytes << 20))


def killed() -> None:
    """Die as if the kernel had run out of memory."""
    os.kill(os.getpid(), signal.SIGKILL)


def uneven(number: int) -> int:
    """Return odd numbers; raise for even ones, die for six."""
    if number == 6:
        segfault()
    if number % 2 == 0:
        raise ValueError(f"{number} is even")
    return number
