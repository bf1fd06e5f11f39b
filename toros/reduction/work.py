"""Many pieces of work as one steady stream: a slow one stalls nobody, one that dies is tried again by itself."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from toros.errors import BadFrame, ChildDied, LeaseLost, OrderCancelled, Temporary
from toros.reduction.memory import Need, Room

__all__ = ["Note", "Progress", "Run", "Work", "here", "reason_of"]

Run = Callable[[Callable[..., Any], Iterable[tuple[Any, ...]], int], Iterator[tuple[int, Any]]]
"""`run(function, arguments, width)` yields each item's position and answer as it ends, like `Engine.stream`."""

Progress = Callable[[float, str], None]
Note = Callable[[int, Any], None]
log = logging.getLogger(__name__)

SOON = 5.0  # seconds of work before somebody dares to say how long the rest takes


def here(
    function: Callable[..., Any], arguments: Iterable[tuple[Any, ...]], width: int = 1
) -> Iterator[tuple[int, Any]]:
    """Run a function over many arguments in this process, one after another; an item that fails gives its exception."""
    del width
    for position, argument in enumerate(arguments):
        try:
            answer = function(*argument)
        except Exception as error:  # noqa: BLE001 - the caller looks at each item by itself
            answer = error
        yield position, answer


@dataclass
class Work:
    """Pieces of one kind of work.

    Attributes
    ----------
    run : callable
        Who does them.
    progress : callable
        `progress(fraction, message)`; what it raises ends the work.
    word : str
        What has happened to a piece that is done, such as "calibrated".
    span : (float, float)
        The part of the whole progress that this work is.
    before : int
        Pieces that were done at an earlier time.
    writes : bool
        Whether the pieces write to a disk that may be full.
    room : Room
        The memory that the pieces under way may take together.
    """

    run: Run
    progress: Progress
    word: str
    span: tuple[float, float] = (0.0, 1.0)
    before: int = 0
    writes: bool = False
    room: Room = field(default_factory=Room)
    _begun: float = field(default_factory=time.monotonic)
    _done: int = 0
    _aside: int = 0
    _full: OSError | None = None

    def through(
        self,
        function: Callable[..., Any],
        arguments: Sequence[tuple[Any, ...]],
        needs: Sequence[Need],
        width: int,
        note: Note = lambda position, answer: None,
    ) -> list[Any]:
        """Return what came of each piece, in order: an answer, or an exception.

        Parameters
        ----------
        function : callable
            Importable.
        arguments : sequence of tuple
            Of each piece.
        needs : sequence of Need
            What each piece takes of the room.
        width : int
            Pieces under way at once, at most.
        note : callable
            `note(position, answer)` is called for each piece as it ends.

        Raises
        ------
        Temporary
            The disk is full; what was under way then was finished and noted.
        """
        answers: list[Any] = [None] * len(arguments)
        died: list[int] = []
        self._say(len(arguments))
        for positions, at_once in (*self.room.shares(needs, width), (died, 1)):
            for n, answer in self.run(function, self._fed(arguments, positions), at_once):
                position = positions[n]
                if isinstance(answer, (OrderCancelled, LeaseLost)):
                    raise answer
                if isinstance(answer, ChildDied) and positions is not died:
                    log.warning("a child died (%s): its item is tried once more, alone", answer)
                    died.append(position)
                    continue
                answers[position] = answer
                if self.writes and isinstance(answer, OSError):
                    self._full = answer
                    continue
                self._count(answer)
                note(position, answer)
                self._say(len(arguments))
        if self._full is not None:
            raise Temporary(f"a product could not be written: {self._full.strerror or self._full}") from self._full
        return answers

    def _fed(self, arguments: Sequence[tuple[Any, ...]], positions: Sequence[int]) -> Iterator[tuple[Any, ...]]:
        """Yield the pieces until the disk is full: it will not be emptier for the next one."""
        for position in positions:
            if self._full is not None:
                return
            yield arguments[position]

    def _count(self, answer: Any) -> None:
        if isinstance(answer, BaseException):
            self._aside += 1
        else:
            self._done += 1

    def _say(self, pieces: int) -> None:
        """Say how far the work is, and how long the rest may take."""
        total = self.before + pieces
        ended = self._done + self._aside
        start, stop = self.span
        fraction = start + (stop - start) * ((self.before + ended) / total if total else 1.0)
        words = [f"{self.before + self._done} of {total} {self.word}"]
        if self._aside:
            words.append(f"{self._aside} set aside")
        spent = time.monotonic() - self._begun
        if 0 < ended < pieces and spent > SOON:
            words.append(f"about {_readable(spent / ended * (pieces - ended))} left")
        self.progress(fraction, ", ".join(words))


def reason_of(error: BaseException) -> str:
    """Return why a frame cannot be used, as a person reads it."""
    if isinstance(error, BadFrame):
        return str(error)
    if isinstance(error, ChildDied):
        return f"cost two child processes their life: {error}"
    log.warning("a frame failed in a way that nobody foresaw", exc_info=error)
    return f"could not be worked on: {type(error).__name__}: {error}"


def _readable(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
