"""Threads with a bounded line and a time limit."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future

import pytest

from toros.network.threads import WAITING, Busy, Mailbox, Threads


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


def test_many_futures_of_other_threads_are_all_heard() -> None:
    async def ask() -> list[int]:
        mailbox = Mailbox()
        futures: list[Future[int]] = [Future() for _ in range(2000)]

        def resolve(part: list[Future[int]], first: int) -> None:
            for number, future in enumerate(part, first):
                future.set_result(number)

        threads = [threading.Thread(target=resolve, args=(futures[i : i + 500], i)) for i in range(0, 2000, 500)]
        waiting = asyncio.gather(*(mailbox.settled(future, 5.0) for future in futures))
        await asyncio.sleep(0)
        for thread in threads:
            thread.start()
        return await waiting

    assert asyncio.run(ask()) == list(range(2000))


def test_a_future_that_is_never_done_is_given_up_and_not_cancelled() -> None:
    async def ask() -> None:
        future: Future[int] = Future()
        with pytest.raises(TimeoutError):
            await Mailbox().settled(future, 0.05)
        assert not future.cancelled()
        future.set_result(1)

    asyncio.run(ask())


def test_what_another_thread_raises_is_raised_here() -> None:
    async def ask() -> None:
        future: Future[int] = Future()
        future.set_exception(ZeroDivisionError())
        with pytest.raises(ZeroDivisionError):
            await Mailbox().settled(future, 5.0)

    asyncio.run(ask())


def test_a_future_that_is_alone_is_answered_on_its_own_thread() -> None:
    async def ask(taken: bool) -> tuple[list[str], list[str]]:
        mailbox, future, elsewhere, here = Mailbox(), Future[int](), list[str](), list[str]()

        def at_once(_future: Future[int]) -> bool:
            elsewhere.append(threading.current_thread().name)
            return taken

        letter = mailbox.letter(5.0, lambda _future: here.append(threading.current_thread().name), at_once)
        future.add_done_callback(letter.ring)
        thread = threading.Thread(target=future.set_result, args=(1,), name="ledger")
        thread.start()
        await asyncio.sleep(0.1)
        return elsewhere, here

    assert asyncio.run(ask(True)) == (["ledger"], [])
    assert asyncio.run(ask(False)) == (["ledger"], [threading.current_thread().name])


def test_who_was_told_it_is_late_hears_nothing_more() -> None:
    async def ask() -> list[Future[int] | None]:
        mailbox, future, heard = Mailbox(), Future[int](), list[Future[int] | None]()
        future.add_done_callback(mailbox.letter(0.05, heard.append, lambda _future: False).ring)
        await asyncio.sleep(0.1)
        future.set_result(1)
        await asyncio.sleep(0.05)
        return heard

    assert asyncio.run(ask()) == [None]
