"""A few threads with a bounded queue and a time limit, for what may wait on a database or a device."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

__all__ = ["Busy", "Threads"]

T = TypeVar("T")
WAITING = 16  # in line for each thread; who comes later is sent away


class Busy(Exception):
    """All threads are taken, or the answer took too long: ask again later."""


class Threads:
    """Runs functions elsewhere than on the event loop.

    Parameters
    ----------
    number : int
        Threads.
    name : str
        Of the threads.
    timeout : float
        Seconds from the request to its answer, waiting included.
    """

    def __init__(self, number: int, name: str, timeout: float) -> None:
        self._pool = ThreadPoolExecutor(number, thread_name_prefix=name)
        self._room = number * WAITING
        self._timeout = timeout

    async def run(self, function: Callable[..., T], *arguments: Any) -> T:
        """Return what the function returns; raise Busy where there is no thread, or no answer in time.

        A function that is late runs on, for a thread cannot be stopped, and keeps its thread until it ends.
        """
        if self._room <= 0:
            raise Busy("too many are asking at once; ask again later")
        self._room -= 1
        loop = asyncio.get_running_loop()
        work = self._pool.submit(function, *arguments)
        work.add_done_callback(lambda _work: self._leave(loop))
        try:
            return await asyncio.wait_for(asyncio.wrap_future(work), self._timeout)
        except TimeoutError:
            if work.done() and not work.cancelled():
                raise
            raise Busy(f"no answer within {self._timeout:g} s; ask again later") from None

    def close(self) -> None:
        """Take nothing more; threads that work end by themselves."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _leave(self, loop: asyncio.AbstractEventLoop) -> None:
        """Give the place back, on the loop's own thread."""
        if not loop.is_closed():
            loop.call_soon_threadsafe(self._give_back)

    def _give_back(self) -> None:
        self._room += 1
