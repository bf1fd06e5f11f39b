"""Heavy work in child processes of this machine: spawned, long-lived, recycled, and limited."""

from __future__ import annotations

import logging
import math
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from multiprocessing import Pipe
from typing import TYPE_CHECKING, Any, TypeVar

from toros.errors import ChildDied, Temporary
from toros.network.engine.base import Stop, go_on
from toros.network.engine.child import OUT_OF_MEMORY, Answer, Piece

if TYPE_CHECKING:
    from toros.config import EngineSettings

__all__ = ["LocalPool"]

T = TypeVar("T")
LOOK = 0.1  # seconds between two looks at whether a piece of work should end early
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"
)  # the processes are the parallelism; threads inside each would fight over the same cores


class LocalPool:
    """Child processes, made when there is work for them, or ahead of it.

    Parameters
    ----------
    settings : EngineSettings
        Number of children and their limits.
    """

    def __init__(self, settings: EngineSettings) -> None:
        self.width = settings.processes
        self._settings = settings
        self._room = threading.Semaphore(settings.processes)
        self._lock = threading.Lock()
        self._idle: list[Child] = []
        self._busy: set[Child] = set()
        self._closed = False
        self._first: bytes | None = None  # what a child does before any other work
        self._log = logging.getLogger("toros.engine")

    def do(self, function: Callable[..., T], args: Sequence[Any], kwargs: dict[str, Any], stop: Stop) -> T:
        """Do one piece of work in a child; wait for a free one where all are busy."""
        packed = _pack(Piece(function, tuple(args), kwargs, self._settings.cpu))
        while not self._room.acquire(timeout=LOOK):
            ended = stop()
            if ended is not None:
                raise ended
        child = None
        try:
            child = self._take()
            answer = child.do(packed, stop)
        finally:
            if child is not None:
                self._put_back(child)
            self._room.release()
        if answer.error is not None:
            if answer.trace:
                answer.error.add_note(f"In the child process:\n{answer.trace}")
            raise answer.error
        value: T = answer.value
        return value

    def make_ready(self, function: Callable[..., object], *args: Any) -> None:
        """Make all children now, in the background, and in the place of each that is recycled: each does this first.

        Parameters
        ----------
        function : callable
            Importable; loads what the work to come needs. What it raises is logged.
        *args
            For it.
        """
        self._first = _pack(Piece(function, args, {}, self._settings.cpu))
        self._prepare_soon()

    def close(self) -> None:
        """End every child; pieces under way raise ChildDied."""
        with self._lock:
            self._closed = True
            idle, busy = list(self._idle), list(self._busy)
            self._idle.clear()
        for child in busy:
            child.kill()  # its thread sees the pipe end, and clears away
        for child in idle:
            child.end()

    def _take(self) -> Child:
        with self._lock:
            if self._closed:
                raise Temporary("the daemon is stopping")
            child = self._idle.pop() if self._idle else Child(self._settings)
            self._busy.add(child)
        return child

    def _put_back(self, child: Child) -> None:
        with self._lock:
            self._busy.discard(child)
            worn = not child.alive or child.pieces >= self._settings.recycle
            keep = not worn and not self._closed and len(self._idle) < self.width
            if keep:
                self._idle.append(child)
        if not keep:
            child.end()
            self._log.debug("child %d ended after %d pieces of work", child.pid, child.pieces)
        if worn and self._first is not None:
            self._prepare_soon()

    def _prepare_soon(self) -> None:
        threading.Thread(target=self._prepare, name="engine ahead", daemon=True).start()

    def _prepare(self) -> None:
        """Make children ready until there are as many as may work at once."""
        first = self._first
        while first is not None and (child := self._one_more()) is not None:
            try:
                answer = child.do(first, go_on)
            except ChildDied as death:
                answer = Answer(error=death)
            if answer.error is not None and not self._closed:
                self._log.warning("a child process could not be made ready: %s", answer.error)
                self._first = first = None  # not tried again without end: children are made when there is work
            self._put_back(child)

    def _one_more(self) -> Child | None:
        """Return a new child that counts as busy; None where there are enough."""
        with self._lock:
            if self._closed or len(self._idle) + len(self._busy) >= self.width:
                return None
            child = Child(self._settings)
            self._busy.add(child)
        return child


class Child:
    """One child process and the pipe to it.

    Parameters
    ----------
    settings : EngineSettings
        Its limits.
    """

    def __init__(self, settings: EngineSettings) -> None:
        self._settings = settings
        self.pieces = 0
        self._lock = threading.Lock()
        self._connection, theirs = Pipe()
        life, self._life = os.pipe()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__.replace("local", "child"), str(theirs.fileno()), str(life),
                 str(settings.memory)],
                pass_fds=(theirs.fileno(), life), stdin=subprocess.DEVNULL, stdout=sys.__stderr__,
                env={**os.environ, **ONE_THREAD, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
            )  # fmt: skip
        finally:
            theirs.close()
            os.close(life)
        self.pid = self._process.pid
        self._send(lambda: self._connection.send(sys.path))

    @property
    def alive(self) -> bool:
        """True while the process runs."""
        return self._process.poll() is None

    def do(self, packed: bytes, stop: Stop) -> Answer:
        """Hand over one piece of work and wait for what comes of it."""
        self.pieces += 1
        self._send(lambda: self._connection.send_bytes(packed))
        limit = time.monotonic() + self._settings.wall
        try:
            while not self._connection.poll(LOOK):
                ended = stop()
                if ended is not None:
                    self.end()
                    raise ended
                if time.monotonic() > limit:
                    self.end()
                    raise ChildDied(f"the work took longer than {self._settings.wall:g} s (engine.wall) and was ended")
            answer: Answer = self._connection.recv()
        except (EOFError, OSError):
            raise ChildDied(self._last_words()) from None
        return answer

    def kill(self) -> None:
        """End the process, now; for any thread."""
        if self.alive:
            self._process.kill()

    def end(self) -> None:
        """End the process and clear away; for the thread that holds this child."""
        self.kill()
        self._process.wait()
        self._connection.close()
        if self._life >= 0:
            os.close(self._life)
            self._life = -1

    def _send(self, send: Callable[[], None]) -> None:
        try:
            send()
        except OSError:
            raise ChildDied(self._last_words()) from None

    def _last_words(self) -> str:
        """Return in plain words why the process ended."""
        status = self._process.wait()
        if status == OUT_OF_MEMORY:
            return f"the work needed more than {self._settings.memory} MiB of memory (the setting engine.memory)"
        if status == -signal.SIGXCPU:
            return f"the work took more than {math.ceil(self._settings.cpu)} s of CPU time and was ended"
        if status == -signal.SIGKILL:
            return "the child process doing the work was killed: memory ran out on this machine, or somebody ended it"
        if status < 0:
            return f"the child process doing the work crashed ({signal.Signals(-status).name})"
        return f"the child process doing the work ended by itself with status {status}"


def _pack(piece: Piece) -> bytes:
    try:
        return pickle.dumps(piece)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise TypeError(f"only importable functions and plain values can be sent to a child process: {error}") from None
