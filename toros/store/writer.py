"""The one thread of a daemon that writes: many waiting changes, one transaction, one sync.

A change that waits alone is committed at once; while a commit waits for the disk, the next changes gather.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from toros.errors import DatabaseError

__all__ = ["Spoiled", "Transactions", "Writer"]

T = TypeVar("T")
LONGEST = 0.02  # seconds of changes in one transaction; what waits beyond goes into the next
MOST = 500  # changes in one transaction

log = logging.getLogger(__name__)


class Spoiled(Exception):
    """A change failed in a way that leaves its transaction unfit to commit; the cause is what went wrong."""


class Transactions(Protocol):
    """The connection that a writer drives; see `toros.store.connection`.

    Attributes
    ----------
    certain : bool
        A commit that fails has left nothing behind. Over a network it may have been made, and only the answer lost.
    """

    certain: bool

    def begin(self) -> None:
        """Start a transaction that holds the right to write."""
        ...

    def commit(self) -> None:
        """Make everything since `begin` durable."""
        ...

    def rollback(self) -> None:
        """Forget everything since `begin`, and the connection where it is broken."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...

    def explain(self, error: BaseException) -> DatabaseError | None:
        """Return a sentence where the database itself failed, None where only a change was wrong."""
        ...


@dataclass(eq=False)
class _Waiting(Generic[T]):
    """One change, and who waits for it."""

    change: Callable[[], T]
    future: Future[T] = field(default_factory=Future)
    value: Any = None
    error: BaseException | None = None
    afterwards: list[Callable[[], None]] = field(default_factory=list)

    def run(self) -> None:
        self.afterwards.clear()
        self.value = self.change()

    def resolve(self) -> None:
        if self.error is not None:
            self.future.set_exception(self.error)
            return
        self.future.set_result(self.value)  # first of all: somebody waits for it
        for call in self.afterwards:
            call()


class Writer:
    """Runs changes one after the other on its own thread and commits them in groups.

    Parameters
    ----------
    transactions : Transactions
        The connection; only the writer's thread uses it.
    name : str
        Of the thread.
    """

    def __init__(self, transactions: Transactions, name: str) -> None:
        self._transactions = transactions
        self._queue: queue.SimpleQueue[_Waiting[Any] | None] = queue.SimpleQueue()
        self._current: _Waiting[Any] | None = None
        self._lock = threading.Lock()
        self._open = True
        self._ending = False
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()

    def submit(self, change: Callable[[], T]) -> Future[T]:
        """Line a change up; the future is resolved when it is durable, or holds why it is not.

        Raises
        ------
        DatabaseError
            Inside the future: the database is full, away or closed; nothing was stored, and later changes are
            tried again without anybody's help.
        """
        waiting = _Waiting(change)
        with self._lock:
            if self._open:
                self._queue.put(waiting)
                return waiting.future
        waiting.future.set_exception(DatabaseError("the database is closed: this daemon is stopping"))
        return waiting.future

    def afterwards(self, call: Callable[[], None]) -> None:
        """From inside a change: call this once the change is durable."""
        if self._current is None or not self.here:
            raise RuntimeError("afterwards() belongs inside a change")
        self._current.afterwards.append(call)

    @property
    def here(self) -> bool:
        """True on the writer's own thread, where waiting for a change would wait for ever."""
        return threading.current_thread() is self._thread

    def close(self) -> None:
        """Commit what waits, then stop."""
        with self._lock:
            if self._open:
                self._open = False
                self._queue.put(None)
        self._thread.join()

    def _serve(self) -> None:
        while not self._ending:
            first = self._queue.get()
            if first is None:
                break
            group: list[_Waiting[Any]] = []
            try:
                self._commit_group(first, group)
            except BaseException as error:  # noqa: BLE001 - a defect here must not leave anybody waiting for ever
                log.exception("a defect of the writer")
                group = group or [first]
                for one in group:
                    one.error = error
            for one in group:
                self._resolve(one)
        self._transactions.close()

    def _commit_group(self, first: _Waiting[Any], group: list[_Waiting[Any]]) -> None:
        """Run a first change and what waits behind it in one transaction; fill `group` with them and how they ended."""
        try:
            self._transactions.begin()
        except BaseException as error:  # noqa: BLE001 - the thread outlives every failure of the database
            group.extend(self._gathered(first))
            self._fail(group, error)
            return
        try:
            for waiting in self._gathered(first):
                group.append(waiting)
                self._run(waiting)
        except BaseException as error:  # noqa: BLE001 - as above
            self._try_again(group, error)
            return
        try:
            self._transactions.commit()
        except BaseException as error:  # noqa: BLE001 - as above
            if self._transactions.certain:
                self._try_again(group, error)
            else:
                self._rollback()
                self._fail(group, error)

    def _gathered(self, first: _Waiting[Any]) -> Iterator[_Waiting[Any]]:
        """Yield the changes that wait now and that somebody still waits for."""
        until = time.monotonic() + LONGEST
        waiting: _Waiting[Any] | None = first
        for taken in range(1, MOST + 1):
            if waiting is None:
                self._ending = True
                return
            if waiting.future.set_running_or_notify_cancel():
                yield waiting
            if taken == MOST or time.monotonic() > until:
                return
            try:
                waiting = self._queue.get_nowait()
            except queue.Empty:
                return

    def _run(self, waiting: _Waiting[Any]) -> None:
        """Run one change; an error of its own stays with it, one of the database ends the group."""
        self._current = waiting
        waiting.error = None
        try:
            waiting.run()
        except Spoiled:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever a change raises belongs to whoever waits for it
            if self._transactions.explain(error) is not None:
                raise
            waiting.error = error
        finally:
            self._current = None

    def _try_again(self, group: list[_Waiting[Any]], error: BaseException) -> None:
        """After a failed group, give each change a transaction of its own: one must not fail for another."""
        self._rollback()
        if len(group) == 1:
            self._fail(group, error)
            return
        for waiting in group:
            try:
                self._transactions.begin()
                self._run(waiting)
                self._transactions.commit()
            except BaseException as error:  # noqa: BLE001 - the failure goes to whoever waits
                self._rollback()
                self._fail([waiting], error)

    def _fail(self, group: list[_Waiting[Any]], error: BaseException) -> None:
        cause = error.__cause__ if isinstance(error, Spoiled) and error.__cause__ else error
        for waiting in group:
            waiting.error = self._transactions.explain(cause) or cause

    def _rollback(self) -> None:
        try:
            self._transactions.rollback()
        except BaseException as error:  # noqa: BLE001 - the connection is given up either way
            log.warning("could not roll back: %s", error)

    def _resolve(self, waiting: _Waiting[Any]) -> None:
        try:
            waiting.resolve()
        except BaseException:  # noqa: BLE001 - a listener's defect must not stop the writer
            log.exception("a listener failed after its change was stored")
