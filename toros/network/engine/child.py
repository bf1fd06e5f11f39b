"""The child process that does heavy work: started as `python -m toros.network.engine.child`, never forked.

It reads pieces of work from a pipe, does them one by one under its limits, and writes back what came of each. It ends
when the daemon closes the pipe, or dies.
"""

from __future__ import annotations

import contextlib
import faulthandler
import fcntl
import os
import pickle
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

from toros import errors

__all__ = ["OUT_OF_MEMORY", "Answer", "Piece", "attempt", "main"]

OUT_OF_MEMORY = 77  # exit status after an allocation failed: the heap may be in pieces, a new child is cheaper
MEBIBYTE = 1 << 20
NICENESS = 5  # the desk answers first
KILL_FIRST = 500  # oom_score_adj: where memory runs out, the kernel takes the child and not the daemon


@dataclass(frozen=True)
class Piece:
    """One piece of work: a function by reference, and its arguments."""

    function: Callable[..., Any]
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    cpu: float = 0.0  # seconds; 0 for no limit


@dataclass(frozen=True)
class Answer:
    """What came of a piece of work: its value, or the exception with the text of its traceback."""

    value: Any = None
    error: BaseException | None = None
    trace: str = ""


def main(pipe: int, life: int, memory: int) -> None:
    """Serve pieces of work until the pipe ends.

    Parameters
    ----------
    pipe, life : int
        Inherited descriptors: the pieces and answers, and a pipe that ends when the daemon does.
    memory : int
        Address space beyond that of the start; MiB.
    """
    _settle(life)
    connection = Connection(pipe)
    try:
        sys.path[:] = connection.recv()
        _limit_memory(memory)
        while True:
            piece = connection.recv_bytes()
            connection.send_bytes(_packed(attempt(piece)))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def attempt(packed: bytes) -> Answer:
    """Unpack a piece of work and do it; the process ends where memory runs out."""
    try:
        piece: Piece = pickle.loads(packed)  # noqa: S301 - written by the daemon that started us
        _limit_cpu(piece.cpu)
        return Answer(value=piece.function(*piece.args, **piece.kwargs))
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    except BaseException as error:  # noqa: BLE001 - whatever it is, the daemon hears of it
        return Answer(error=error, trace=traceback.format_exc())


def _settle(life: int) -> None:
    """Leave signals to the daemon, end with it, and stand back for it."""
    faulthandler.enable()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # a drain lets us finish; the daemon ends us by closing the pipe
    # The kernel itself ends us with SIGIO when the daemon's end of this pipe closes, even inside a compiled kernel.
    fcntl.fcntl(life, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(life, fcntl.F_SETFL, fcntl.fcntl(life, fcntl.F_GETFL) | os.O_ASYNC | os.O_NONBLOCK)
    with contextlib.suppress(BlockingIOError):
        if not os.read(life, 1):
            os._exit(0)  # the daemon died before the signal was armed
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(NICENESS)
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:  # noqa: PTH123 - not a file
        score.write(str(KILL_FIRST))


def _limit_memory(memory: int) -> None:
    """Allow so many MiB of address space beyond what is in use now."""
    with open("/proc/self/statm") as statm:  # noqa: PTH123 - not a file
        now = int(statm.read().split()[0]) * resource.getpagesize()
    most = now + memory * MEBIBYTE
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _limit_cpu(seconds: float) -> None:
    """Allow the next piece so many seconds of CPU; the kernel ends the process beyond."""
    if seconds <= 0:
        return
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = int(usage.ru_utime + usage.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def _packed(answer: Answer) -> bytes:
    """Return the answer as bytes; what cannot be carried is told in words of the same kind."""
    try:
        packed = pickle.dumps(answer)
        pickle.loads(packed)  # noqa: S301 - our own; an exception that packs but does not unpack would kill the daemon's read
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    except Exception as trouble:  # noqa: BLE001 - pickling runs foreign code
        if answer.error is None:
            words = f"the work answered something that cannot be carried between processes: {trouble}"
            return pickle.dumps(Answer(error=errors.Permanent(words)))
        return pickle.dumps(Answer(error=_retold(answer.error), trace=answer.trace))
    return packed


def _retold(error: BaseException) -> errors.TorosError:
    """Return an exception of the nearest kind of ours with the same words."""
    for kind in type(error).__mro__:
        if kind.__module__ == errors.__name__ and issubclass(kind, errors.TorosError):
            return kind(str(error))
    return errors.TorosError(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    # Run under the module's own name, so that what is packed here is known by the same name to the daemon.
    from toros.network.engine.child import main as serve

    serve(*(int(word) for word in sys.argv[1:4]))
