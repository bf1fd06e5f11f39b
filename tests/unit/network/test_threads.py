"""Threads with a bounded line and a time limit."""

from __future__ import annotations

import asyncio
import threading

import pytest

from toros.network.threads import WAITING, Busy, Threads


def test_an_answer_and_an_error_come_back() -> None:
    async def ask() -> int:
        threads = Threads(2, "test", 5.0)
        with pytest.raises(ZeroDivisionError):
            await threads.run(lambda: 1 // 0)
        answer = await threads.run(lambda a, b: a + b, 3, 4)
        threads.close()
        return answer

    assert asyncio.run(ask()) == 7


def test_it_runs_elsewhere_on_threads_that_do_not_hold_the_process() -> None:
    async def ask() -> tuple[str, bool]:
        threads = Threads(1, "test", 5.0)
        found = await threads.run(lambda: (threading.current_thread().name, threading.current_thread().daemon))
        threads.close()
        return found

    assert asyncio.run(ask()) == ("test-1", True)


def test_who_is_late_is_busy_and_what_nobody_awaits_is_not_done() -> None:
    done: list[int] = []
    release = threading.Event()

    async def ask() -> None:
        threads = Threads(1, "test", 0.05)
        waiting = [threads.run(release.wait, 10), threads.run(done.append, 1)]
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(result) for result in results] == [Busy, Busy]
        release.set()
        await threads.run(done.append, 2)
        threads.close()

    asyncio.run(ask())
    assert done == [2]


def test_the_line_is_bounded() -> None:
    release = threading.Event()

    async def ask() -> int:
        threads = Threads(1, "test", 5.0)
        tasks = [asyncio.create_task(threads.run(release.wait, 10)) for _ in range(WAITING + 11)]
        await asyncio.sleep(0.05)
        release.set()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        threads.close()
        return sum(isinstance(result, Busy) for result in results)

    assert asyncio.run(ask()) == 10
