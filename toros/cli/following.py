"""Following an order, or all that it causes, until it is done."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toros.cli.desks import FINAL, Desks
from toros.cli.failures import NotReachable
from toros.cli.screen import clean, console, orders_tree, plain_line

if TYPE_CHECKING:
    from toros.portal.tree import Node

__all__ = ["Story", "follow_order", "follow_tree", "gather_story"]

SOON, STEP = 0.02, 0.25  # between two looks, at first and in the long run; seconds
ON_ITS_WAY = frozenset({"waiting", "delivered", "unknown"})


@dataclass(frozen=True)
class Story:
    """A tree of orders as the desks tell it at one moment.

    Attributes
    ----------
    nodes : sequence of Node
        The trees; one where the order at the top is known.
    silent : mapping of desk to str
        Desks that did not answer, and why.
    elsewhere : collection of str
        Telescopes of other nodes: what they send on to desks of their own node is not known here.
    """

    nodes: Sequence[Node]
    silent: Mapping[str, str]
    elsewhere: Collection[str] = ()

    @property
    def rows(self) -> list[Mapping[str, Any]]:
        """Every order of the trees, from the top."""
        from toros.portal.tree import walk

        return [node.row for _depth, node in walk(self.nodes)]

    @property
    def ended(self) -> bool:
        """True when nothing more will happen by itself: every order is final, or parked.

        Desks that are silent do not matter then: what they hold would stand in the tree as on its way.
        """
        states = self._states()
        return bool(states) and all(state in FINAL or state == "parked" for state in states)

    @property
    def done(self) -> bool:
        """True when every order is done."""
        return self.ended and all(state == "done" for state in self._states())

    def _states(self) -> list[str]:
        """Return the states of all that can be known of."""
        far = {row["id"] for row in self.rows if row.get("instance") in self.elsewhere}
        known = (row for row in self.rows if row.get("state") != "delivered" or row.get("parent") not in far)
        return [str(row.get("state", "unknown")) for row in known]

    @property
    def troubles(self) -> list[str]:
        """What went wrong, an order a line."""
        wrong = FINAL - {"done"} | {"parked"}
        return [plain_line(row) for row in self.rows if row.get("state") in wrong]


def gather_story(desks: Desks, order_id: str) -> Story:
    """Ask all desks for the tree below an order."""
    from toros.portal.gathering import gather_rows
    from toros.portal.tree import build_forest

    found = gather_rows(desks.config, root=order_id, limit=5000)
    elsewhere = {name for name, one in desks.config.telescopes.items() if one.http is not None}
    return Story(build_forest(found.rows), found.silent, elsewhere)


def follow_order(desks: Desks, desk: str, order_id: str, *, timeout: float | None, quiet: bool) -> dict[str, Any]:
    """Wait until an order is final and return its row; a desk that does not answer is asked again.

    The row is of an order that is not final where `timeout` seconds were not enough.
    """
    deadline = _deadline(timeout)
    row: dict[str, Any] = {"id": order_id, "desk": desk}
    with _bar(quiet) as show:
        for step in _steps():
            try:
                row = desks.status(desk, order_id)
                show(row)
            except NotReachable as silence:
                show({**row, "message": str(silence)})
                if time.monotonic() > deadline:
                    raise
            if row.get("state") in FINAL or time.monotonic() > deadline:
                break
            time.sleep(step)
    return row


def follow_tree(
    desks: Desks,
    order_id: str,
    *,
    timeout: float | None,
    quiet: bool,
    title: str = "",
) -> Story:
    """Draw a tree while it grows, until everything in it has ended or the time is over."""
    deadline = _deadline(timeout)
    with _drawing(quiet, title) as show:
        while True:
            story = gather_story(desks, order_id)
            show(story)
            if story.ended or time.monotonic() > deadline:
                return story
            time.sleep(STEP)


def _steps() -> Iterator[float]:
    """Yield the times between two looks without end: most orders are done at once, others take their time."""
    step = SOON
    while True:
        yield step
        step = min(2 * step, STEP)


def _deadline(timeout: float | None) -> float:
    return float("inf") if timeout is None else time.monotonic() + timeout


class _bar:  # noqa: N801 - reads as the verb that it is
    """A progress bar on a terminal, a line a change elsewhere."""

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet
        self._told: tuple[object, ...] = ()
        self._progress: Any = None
        self._task: Any = None

    def __enter__(self) -> Callable[[Mapping[str, Any]], None]:
        if not self._quiet and sys.stderr.isatty():
            from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

            self._progress = Progress(
                SpinnerColumn(), TextColumn("{task.fields[request]} {task.fields[state]}"), BarColumn(),
                TextColumn("{task.percentage:>3.0f} %"), TimeElapsedColumn(), TextColumn("{task.fields[said]}"),
                console=console(errors=True), transient=True,
            )  # fmt: skip
            self._task = self._progress.add_task("", total=1.0, request="", state="", said="")
            self._progress.start()
        return self.show

    def __exit__(self, *exception: object) -> None:
        if self._progress is not None:
            self._progress.stop()

    def show(self, row: Mapping[str, Any]) -> None:
        if self._quiet:
            return
        request, state, said = (clean(row.get(key, "")) for key in ("request", "state", "message"))
        fraction = 1.0 if state == "done" else float(row.get("fraction", 0.0))
        if self._progress is not None:
            self._progress.update(self._task, completed=fraction, request=request, state=state, said=said)
        elif (request, state, said) != self._told:
            print(f"{request} {state} {fraction:.0%} {said}".rstrip(), file=sys.stderr, flush=True)
        self._told = (request, state, said)


class _drawing:  # noqa: N801 - reads as the verb that it is
    """A tree drawn in place on a terminal, a line a change elsewhere."""

    def __init__(self, quiet: bool, title: str) -> None:
        self._quiet = quiet
        self._title = title
        self._live: Any = None
        self._told: dict[tuple[str, str], str] = {}

    def __enter__(self) -> Callable[[Story], None]:
        if not self._quiet and sys.stderr.isatty():
            from rich.live import Live

            self._live = Live(console=console(errors=True), transient=True, refresh_per_second=8)
            self._live.start()
        return self.show

    def __exit__(self, *exception: object) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, story: Story) -> None:
        if self._live is not None:
            self._live.update(orders_tree(story.nodes, self._title))
        elif not self._quiet:
            self._tell(story)

    def _tell(self, story: Story) -> None:
        """Print a line for every order whose state has changed."""
        for row in story.rows:
            key, state = (str(row["id"]), str(row.get("desk", ""))), str(row.get("state", "unknown"))
            if self._told.get(key) != state and state not in ON_ITS_WAY:
                print(f"{time.strftime('%H:%M:%S')} {plain_line(row)}", file=sys.stderr, flush=True)
            self._told[key] = state
