"""Between the event loop and threads: a few of our own for what may block, and the futures of others."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import queue
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

__all__ = ["Busy", "Mailbox", "Threads", "result_of"]

log = logging.getLogger(__name__)

T = TypeVar("T")
WAITING = 16  # in line for each thread; who comes later is sent away


class Busy(Exception):
    """All threads are taken, or the answer took too long: ask again later."""


@dataclass(frozen=True)
class _Work:
    """A function, and who awaits it."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[Any]

    def run(self) -> None:
        """Run the function, unless nobody waits any more, and tell the loop."""
        if self.answer.done():
            return
        value, error = None, None
        try:
            value = self.function(*self.arguments)
        except BaseException as raised:  # noqa: BLE001 - whatever it is belongs to whoever awaits the answer
            error = raised
        with contextlib.suppress(RuntimeError):  # the loop may have ended in the meantime
            self.loop.call_soon_threadsafe(self._settle, value, error)

    def _settle(self, value: Any, error: BaseException | None) -> None:
        if self.answer.done():
            return
        if error is None:
            self.answer.set_result(value)
        else:
            self.answer.set_exception(error)


class Threads:
    """Runs functions elsewhere than on the event loop.

    The threads are daemons: one that hangs does not keep the process alive.

    Parameters
    ----------
    number : int
        Threads; started when they are first needed.
    name : str
        Of the threads.
    timeout : float
        Seconds from the request to its answer, waiting included.
    """

    def __init__(self, number: int, name: str, timeout: float) -> None:
        self._queue: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._number = number
        self._name = name
        self._timeout = timeout
        self._asked = 0
        self._started = 0

    async def run(self, function: Callable[..., T], *arguments: Any) -> T:
        """Return what the function returns; raise Busy where there is no place in line, or no answer in time.

        A function that is late runs on, for a thread cannot be stopped, and keeps its thread until it ends.
        """
        if self._asked >= self._number * (WAITING + 1):
            raise Busy("too many are asking at once; ask again later")
        loop = asyncio.get_running_loop()
        work = _Work(function, arguments, loop, loop.create_future())
        self._asked += 1
        try:
            self._start_another()
            self._queue.put(work)
            await asyncio.wait((work.answer,), timeout=self._timeout)
        finally:
            self._asked -= 1
        if not work.answer.done():
            work.answer.cancel()
            raise Busy(f"no answer within {self._timeout:g} s; ask again later")
        answer: T = work.answer.result()
        return answer

    def close(self) -> None:
        """Let the threads end after what they are doing."""
        for _ in range(self._started):
            self._queue.put(None)

    def _start_another(self) -> None:
        if self._started < min(self._asked, self._number):
            self._started += 1
            threading.Thread(target=self._work, name=f"{self._name}-{self._started}", daemon=True).start()

    def _work(self) -> None:
        while (work := self._queue.get()) is not None:
            work.run()


class Mailbox:
    """Where other threads' futures are awaited; those that are done together wake the loop once."""

    def __init__(self) -> None:
        self._waiting: dict[Letter, float] = {}  # until when; whoever takes a letter out is the one who opens it
        self._done: deque[tuple[Letter, Future[Any]]] = deque()
        self._rung = False
        self._next_look = math.inf

    def letter(
        self,
        timeout: float,
        heard: Callable[[Future[Any] | None], None],
        at_once: Callable[[Future[Any]], bool] | None = None,
    ) -> Letter:
        """Return what a future is to ring when it is done; to be called on the loop's thread.

        Parameters
        ----------
        timeout : float
            Seconds.
        heard : callable
            Called once on the loop's thread, with the future, or with None after so many seconds without; raises
            nothing.
        at_once : callable, optional
            Called before that on the future's own thread where nobody else waits: it saves the loop's waking up, and
            returns False where the loop is needed all the same.
        """
        loop = asyncio.get_running_loop()
        letter = Letter(self, loop, heard, at_once)
        until = self._waiting[letter] = loop.time() + timeout
        if until < self._next_look:
            self._look_late(loop, until)
        return letter

    async def settled(self, future: Future[T], timeout: float) -> T:
        """Return the future's result without ever cancelling it.

        Raises
        ------
        TimeoutError
            It was not done after so many seconds.
        """
        awaited: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        letter = self.letter(timeout, lambda _future: _resolve(awaited))
        future.add_done_callback(letter.ring)
        await awaited
        return result_of(future)

    def ring(self, letter: Letter, future: Future[Any]) -> None:
        """On the other thread: answer at once, or wake the loop, unless it was woken and has not looked yet."""
        if self._waiting.pop(letter, None) is None:
            return
        if letter.at_once is not None and not self._waiting and not self._done and letter.at_once(future):
            return
        self._done.append((letter, future))
        if self._rung:
            return
        self._rung = True
        try:
            letter.loop.call_soon_threadsafe(self._look)
        except RuntimeError:
            log.debug("done after the loop was closed")

    def _look(self) -> None:
        """On the loop's thread: whoever appends after this line rings again."""
        self._rung = False
        while self._done:
            letter, future = self._done.popleft()
            letter.open(future)

    def _look_late(self, loop: asyncio.AbstractEventLoop, until: float) -> None:
        """Look for the late at this time: one timer for all, for they are many and hardly ever late."""
        self._next_look = until
        loop.call_at(until, self._open_late, loop)

    def _open_late(self, loop: asyncio.AbstractEventLoop) -> None:
        self._next_look = math.inf
        now = loop.time()
        for letter, until in self._waiting.copy().items():
            if until <= now and self._waiting.pop(letter, None) is not None:
                letter.open(None)
        earliest = min(self._waiting.copy().values(), default=math.inf)
        if earliest < self._next_look:
            self._look_late(loop, earliest)


@dataclass(eq=False, slots=True)
class Letter:
    """Somebody to be told, once; see `Mailbox.letter`."""

    mailbox: Mailbox
    loop: asyncio.AbstractEventLoop
    heard: Callable[[Future[Any] | None], None]
    at_once: Callable[[Future[Any]], bool] | None

    def ring(self, future: Future[Any]) -> None:
        """Say that the future is done; for its `add_done_callback`."""
        self.mailbox.ring(self, future)

    def open(self, future: Future[Any] | None) -> None:
        """Tell, on the loop's thread."""
        try:
            self.heard(future)
        except Exception:  # noqa: BLE001 - the others who are told in the same turn must hear too
            log.exception("a defect of who was told")


def result_of(future: Future[T] | None) -> T:
    """Return the result of a future that was told of; raise TimeoutError where it is still not done."""
    if future is None or not future.done():
        raise TimeoutError("nothing was done in time")
    return future.result()


def _resolve(awaited: asyncio.Future[None]) -> None:
    if not awaited.done():
        awaited.set_result(None)
