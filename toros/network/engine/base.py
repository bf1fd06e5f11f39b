"""What every engine can do, and the engine as one order sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from toros.config import EngineSettings

__all__ = ["EngineForOrder", "Pool", "Stop", "go_on", "make_engine"]

T = TypeVar("T")
Stop = Callable[[], BaseException | None]  # what ends a piece of work early: None to go on


def go_on() -> None:
    """Never stop a piece of work."""


class Pool(Protocol):
    """Something that does one piece of work after another, somewhere else."""

    width: int  # pieces that may be under way at once

    def do(self, function: Callable[..., T], args: Sequence[Any], kwargs: dict[str, Any], stop: Stop) -> T:
        """Do one piece of work and return what it returns; raise what it raises, what `stop` says, or ChildDied."""
        ...

    def make_ready(self, function: Callable[..., object], *args: Any) -> None:
        """Have children that have done this once, before there is work; return at once."""
        ...

    def close(self) -> None:
        """End every child; pieces under way raise ChildDied."""
        ...


class EngineForOrder:
    """The engine that a handler holds: its pieces of work end when its order is taken back.

    Parameters
    ----------
    pool : Pool
        Where the work is done.
    stop : callable, optional
        Answers the exception that ends the work early, or None.
    """

    def __init__(self, pool: Pool, stop: Stop = go_on) -> None:
        self._pool = pool
        self._stop = stop

    def run(self, function: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
        """Run an importable function elsewhere and return what it returns.

        Raises
        ------
        ChildDied
            The child was killed, by a signal or at a limit.
        OrderCancelled, LeaseLost
            The order is not ours any more; its child was ended.
        """
        return self._pool.do(function, args, kwargs, self._stop)

    def map(self, function: Callable[..., T], arguments: Sequence[tuple[Any, ...]], /) -> Sequence[T | BaseException]:
        """Run the function over many arguments in parallel, in their order; an item that fails gives its exception."""
        answers: dict[int, T | BaseException] = dict(self.stream(function, arguments))
        return [answers[position] for position in range(len(arguments))]

    def stream(
        self, function: Callable[..., T], arguments: Iterable[tuple[Any, ...]], /, width: int | None = None
    ) -> Iterator[tuple[int, T | BaseException]]:
        """Run the function over many arguments in parallel; yield each one's position and answer as soon as it ends.

        The next item begins when one ends, so that a slow one holds up nobody, and is taken from `arguments` only
        then. Whoever stops listening waits for the items that are under way.

        Parameters
        ----------
        function : callable
            Importable.
        arguments : iterable of tuple
            Of each call.
        width : int, optional
            Items under way at once; as many as the engine has room for by default.

        Yields
        ------
        (int, T or exception)
            An item that fails gives its exception.

        Raises
        ------
        OrderCancelled, LeaseLost
            The order is not ours any more.
        """
        items = iter(enumerate(arguments))
        width = max(1, min(width or self._pool.width, self._pool.width))
        with ThreadPoolExecutor(width, thread_name_prefix="engine") as threads:
            under_way: dict[Future[T | BaseException], int] = {}
            while True:
                while len(under_way) < width and (item := next(items, None)) is not None:
                    under_way[threads.submit(self._attempt, function, item[1])] = item[0]
                if not under_way:
                    return
                for ended in wait(under_way, return_when=FIRST_COMPLETED).done:
                    reason = self._stop()
                    if reason is not None:
                        raise reason
                    yield under_way.pop(ended), ended.result()

    def _attempt(self, function: Callable[..., T], args: tuple[Any, ...]) -> T | BaseException:
        """Return what comes of one item, or its exception."""
        ended = self._stop()
        if ended is not None:
            return ended
        try:
            return self._pool.do(function, args, {}, self._stop)
        except Exception as error:  # noqa: BLE001 - the caller looks at each item by itself
            return error


def make_engine(settings: EngineSettings) -> Pool:
    """Return the engine that the configuration asks for; nothing is started until there is work."""
    if settings.kind == "dask":
        from toros.network.engine.dask import DaskPool

        return DaskPool(settings)
    from toros.network.engine.local import LocalPool

    return LocalPool(settings)
