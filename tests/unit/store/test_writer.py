"""Group commit: together when many wait, at once when one waits, nobody harmed by a neighbour."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from typing import Any

import pytest

from toros.errors import DatabaseError
from toros.store.writer import Spoiled, Writer


class Tape:
    """Transactions on a list: what is committed stays, what is rolled back goes."""

    def __init__(self) -> None:
        self.certain = True
        self.kept: list[Any] = []
        self.pending: list[Any] = []
        self.commits = 0
        self.broken = False
        self.full_at: Any = None
        self.gate = threading.Event()
        self.gate.set()

    def begin(self) -> None:
        if self.broken:
            raise OSError("away")
        self.pending = []

    def commit(self) -> None:
        self.gate.wait(10)
        if self.full_at in self.pending:
            raise OSError("full")
        self.kept += self.pending
        self.commits += 1

    def rollback(self) -> None:
        self.pending = []

    def close(self) -> None:
        self.closed = True

    def explain(self, error: BaseException) -> DatabaseError | None:
        return DatabaseError(str(error)) if isinstance(error, OSError) else None


@pytest.fixture
def tape() -> Tape:
    return Tape()


@pytest.fixture
def writer(tape: Tape) -> Writer:
    return Writer(tape, "writer")


def put(writer: Writer, tape: Tape, value: Any) -> Future[Any]:
    def change() -> Any:
        tape.pending.append(value)
        return value

    return writer.submit(change)


def test_one_change_alone_is_committed_at_once(writer: Writer, tape: Tape) -> None:
    assert put(writer, tape, 1).result(5) == 1
    assert (tape.kept, tape.commits) == ([1], 1)
    writer.close()


def test_what_gathers_during_a_commit_shares_the_next_one(writer: Writer, tape: Tape) -> None:
    tape.gate.clear()
    futures = [put(writer, tape, 0)]
    time.sleep(0.05)
    futures += [put(writer, tape, n) for n in range(1, 50)]
    tape.gate.set()
    assert [future.result(5) for future in futures] == list(range(50))
    assert tape.kept == list(range(50))
    assert tape.commits == 2
    writer.close()


def test_no_future_is_resolved_before_its_commit(writer: Writer, tape: Tape) -> None:
    tape.gate.clear()
    future = put(writer, tape, 1)
    time.sleep(0.05)
    assert not future.done()
    tape.gate.set()
    future.result(5)
    writer.close()


def test_a_change_that_raises_keeps_its_error_to_itself(writer: Writer, tape: Tape) -> None:
    tape.gate.clear()
    put(writer, tape, 0)
    time.sleep(0.05)
    good = put(writer, tape, 1)
    bad = writer.submit(lambda: 1 / 0)
    other = put(writer, tape, 2)
    tape.gate.set()
    assert (good.result(5), other.result(5)) == (1, 2)
    assert isinstance(bad.exception(5), ZeroDivisionError)
    assert tape.kept == [0, 1, 2]
    writer.close()


@pytest.mark.parametrize("spoiled", [False, True])
def test_a_change_that_the_database_cannot_take_does_not_take_others_with_it(
    writer: Writer, tape: Tape, spoiled: bool
) -> None:
    """As when one huge order does not fit on the disk: its neighbours are committed one by one."""
    tape.gate.clear()
    put(writer, tape, 0)
    time.sleep(0.05)

    def spoil() -> None:
        tape.pending.append("half")
        raise Spoiled from ValueError("the transaction is of no use now")

    tape.full_at = "huge"
    group = [put(writer, tape, 1), writer.submit(spoil) if spoiled else put(writer, tape, "huge"), put(writer, tape, 2)]
    tape.gate.set()
    errors = [future.exception(5) for future in group]
    assert [type(error) for error in errors] == [type(None), ValueError if spoiled else DatabaseError, type(None)]
    assert tape.kept == [0, 1, 2]
    writer.close()


def test_a_database_that_is_away_is_told_to_everybody_and_tried_again(writer: Writer, tape: Tape) -> None:
    tape.broken = True
    for future in [put(writer, tape, n) for n in range(5)]:
        assert isinstance(future.exception(5), DatabaseError)
    tape.broken = False
    assert put(writer, tape, 9).result(5) == 9
    assert tape.kept == [9]
    writer.close()


def test_a_commit_that_may_have_been_made_is_not_made_twice(writer: Writer, tape: Tape) -> None:
    """Where only the answer was lost, running the changes again could do them twice: who asked must look."""
    tape.certain, tape.full_at = False, "lost"
    tape.gate.clear()
    put(writer, tape, 0)
    time.sleep(0.05)
    group = [put(writer, tape, value) for value in (1, "lost", 2)]
    tape.gate.set()
    assert [type(future.exception(5)) for future in group] == [DatabaseError] * 3
    assert tape.kept == [0]
    writer.close()


def test_a_change_nobody_waits_for_any_more_is_not_made(writer: Writer, tape: Tape) -> None:
    tape.gate.clear()
    put(writer, tape, 0)
    time.sleep(0.05)
    unwanted = put(writer, tape, 1)
    assert unwanted.cancel()
    tape.gate.set()
    put(writer, tape, 2).result(5)
    assert tape.kept == [0, 2]
    writer.close()


def test_what_follows_a_change_happens_after_its_commit_only(writer: Writer, tape: Tape) -> None:
    heard: list[int] = []

    def change(fails: bool) -> None:
        writer.afterwards(lambda: heard.append(tape.commits))
        if fails:
            raise ValueError

    writer.submit(lambda: change(False)).result(5)
    assert isinstance(writer.submit(lambda: change(True)).exception(5), ValueError)
    assert heard == [1]
    with pytest.raises(RuntimeError):
        writer.afterwards(lambda: None)
    writer.close()


def test_a_listener_that_fails_does_not_stop_the_writer(writer: Writer, tape: Tape) -> None:
    def change() -> None:
        writer.afterwards(lambda: 1 / 0)

    writer.submit(change)
    assert put(writer, tape, 1).result(5) == 1
    writer.close()


def test_closing_commits_what_waits_and_takes_nothing_more(writer: Writer, tape: Tape) -> None:
    futures = [put(writer, tape, n) for n in range(100)]
    writer.close()
    assert [future.result(0) for future in futures] == list(range(100))
    assert isinstance(put(writer, tape, 100).exception(1), DatabaseError)
    writer.close()


def test_one_transaction_does_not_grow_without_end(writer: Writer, tape: Tape) -> None:
    """Slow changes that wait together are spread over several transactions."""
    tape.gate.clear()
    put(writer, tape, 0)
    time.sleep(0.05)
    futures = [writer.submit(lambda: time.sleep(0.011)) for _ in range(10)]
    tape.gate.set()
    for future in futures:
        future.result(5)
    assert tape.commits >= 5
    writer.close()
