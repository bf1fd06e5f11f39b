"""Between the event loop and threads: a few of our own for what may block, and the futures of others."""

from __future__ import annotations

import asyncio
import contextlib
import logging
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
        self._done: deque[_Letter] = deque()
        self._rung = False

    def tell(self, future: Future[Any], timeout: float, heard: Callable[[], None]) -> None:
        """Call `heard` once, on the loop's thread: when the future is done, or after so many seconds without.

        To be called on the loop's thread; `heard` raises nothing.
        """
        loop = asyncio.get_running_loop()
        letter = _Letter(heard)
        letter.timer = loop.call_later(timeout, letter.open)
        future.add_done_callback(lambda _future: self._ring(loop, letter))

    async def settled(self, future: Future[T], timeout: float) -> T:
        """Return the future's result without ever cancelling it.

        Raises
        ------
        TimeoutError
            It was not done after so many seconds.
        """
        awaited: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.tell(future, timeout, lambda: _resolve(awaited))
        await awaited
        return result_of(future)

    def _ring(self, loop: asyncio.AbstractEventLoop, letter: _Letter) -> None:
        """On the other thread: wake the loop, unless somebody has done so and it has not looked yet."""
        self._done.append(letter)
        if self._rung:
            return
        self._rung = True
        try:
            loop.call_soon_threadsafe(self._look)
        except RuntimeError:
            log.debug("done after the loop was closed")

    def _look(self) -> None:
        """On the loop's thread: whoever appends after this line rings again."""
        self._rung = False
        while self._done:
            self._done.popleft().open()


class _Letter:
    """Somebody to be told, once."""

    __slots__ = ("_heard", "timer")

    def __init__(self, heard: Callable[[], None]) -> None:
        self._heard: Callable[[], None] | None = heard
        self.timer: asyncio.TimerHandle | None = None

    def open(self) -> None:
        heard, self._heard = self._heard, None
        if heard is None:
            return
        if self.timer is not None:
            self.timer.cancel()
        try:
            heard()
        except Exception:  # noqa: BLE001 - the others who are told in the same turn must hear too
            log.exception("a defect of who was told")


def result_of(future: Future[T]) -> T:
    """Return the result of a future that was told of; raise TimeoutError where it is still not done."""
    if not future.done():
        raise TimeoutError("nothing was done in time")
    return future.result()


def _resolve(awaited: asyncio.Future[None]) -> None:
    if not awaited.done():
        awaited.set_result(None)
