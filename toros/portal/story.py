"""Trees of orders made ready to be drawn: flat steps in the order of reading, long rows of equal orders folded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

from toros.portal import words
from toros.portal.tree import Node, tally, walk

__all__ = ["Line", "Step", "Tree", "draw", "line_of", "overall_state", "tree_of"]

FOLDED = 6  # more equal siblings than this are folded into one line
DEEPEST = 40  # generations that are drawn inside one another; browsers give up at some hundreds
WORST = ("running", "buried", "parked", "queued", "waiting", "delivered", "expired", "cancelled", "done", "unknown")


@dataclass(frozen=True)
class Line:
    """One order, in words.

    Attributes
    ----------
    accepted : str
        Time of day; UTC.
    after : str
        How long after the top of its tree it was accepted.
    took : str
        From the start to the end of its last try.
    fraction : float or None
        Progress of a running order, 0 to 1.
    process : str
        Process id of the worker.
    """

    id: str
    request: str
    desk: str
    state: str
    sign: str
    said: str
    accepted: str = ""
    after: str = ""
    took: str = ""
    fraction: float | None = None
    process: str = ""
    attempts: int = 0
    told: bool = True
    user: str = ""


@dataclass(frozen=True)
class Step:
    """One thing to write while drawing trees from top to bottom.

    Attributes
    ----------
    kind : str
        "order": a line, its children follow; "end": the order is complete; "down" and "up": around the children;
        "fold" and "unfold": around equal siblings, `line` the first and `count` their number.
    """

    kind: Literal["order", "end", "down", "up", "fold", "unfold"]
    line: Line | None = None
    count: int = 0


@dataclass(frozen=True)
class Tree:
    """One tree, ready to be drawn.

    Attributes
    ----------
    top : Line
    title : str
        What it is about: the event or target, where known.
    began : str
        When its top was accepted; UTC, to the second.
    lasted : str
        From then to the latest end.
    state : str
        Of the whole tree.
    counts : list of (str, int)
        Orders by state.
    steps : list of Step
    """

    top: Line
    title: str
    began: str
    lasted: str
    state: str
    counts: list[tuple[str, int]]
    steps: list[Step]


def tree_of(node: Node) -> Tree:
    """Return a tree ready to be drawn."""
    counts = tally([node])
    began = _start(node)
    ends = [str(each.row["finished"]) for _, each in walk([node]) if each.row.get("finished")]
    lasted = words.duration(words.seconds_between(began, max(ends, default="")))
    return Tree(
        top=line_of(node, began),
        title=_title(node),
        began=began[:19].replace("T", " "),
        lasted=lasted,
        state=overall_state(node),
        counts=[(state, counts[state]) for state in WORST if counts[state]],
        steps=list(draw([node], began)),
    )


def overall_state(node: Node) -> str:
    """Return the state that tells most about a whole tree: running before buried before waiting before done."""
    counts = tally([node])
    return next((state for state in WORST if counts[state]), "unknown")


def line_of(node: Node, began: str = "") -> Line:
    """Return an order in words."""
    row = node.row
    fraction = row.get("fraction")
    delay = words.seconds_between(began, row.get("accepted")) if began else None
    return Line(
        id=node.id,
        request=str(row.get("request", "")),
        desk=str(row.get("instance") or row.get("desk") or ""),
        state=node.state,
        sign=words.SIGNS.get(node.state, "?"),
        said=words.sentence(row),
        accepted=words.clock_time(row.get("accepted")),
        after="+" + words.duration(delay) if delay else "",
        took=words.duration(words.seconds_between(row.get("started"), row.get("finished"))),
        fraction=float(fraction) if node.state == "running" and isinstance(fraction, int | float) else None,
        process=words.process_of(row),
        attempts=_whole(row.get("attempts")),
        told=node.told,
        user=str(row.get("user", "")),
    )


def draw(nodes: Sequence[Node], began: str = "") -> Iterator[Step]:
    """Yield the steps that draw these trees, whatever their depth."""
    waiting: list[Step | tuple[Node, int]] = [(node, 0) for node in reversed(nodes)]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Step):
            yield item
            continue
        node, depth = item
        yield Step("order", line_of(node, began))
        inside = depth < DEEPEST
        children = list(_folded(node.children, depth + inside, began))
        if inside:
            waiting.append(Step("end"))
            if children:
                waiting.append(Step("up"))
                waiting.extend(reversed(children))
                waiting.append(Step("down"))
        else:
            waiting.extend(reversed(children))
            yield Step("end")


def _folded(nodes: Sequence[Node], depth: int, began: str) -> Iterator[Step | tuple[Node, int]]:
    """Yield siblings, long rows of equal ones between a fold and an unfold."""
    for (_, _, leaf), group in groupby(
        nodes, key=lambda node: (node.row.get("request"), node.state, not node.children)
    ):
        members = list(group)
        fold = leaf and len(members) > FOLDED
        if fold:
            yield Step("fold", line_of(members[0], began), len(members))
        yield from ((node, depth) for node in members)
        if fold:
            yield Step("unfold")


def _title(node: Node) -> str:
    """Return the event, or else the target or the files, that a tree is about."""
    for name in ("event", "target", "file_location"):
        for _, each in walk([node]):
            for source in (each.row.get("result"), each.row.get("fields")):
                found: Any = source.get(name) if isinstance(source, dict) else None
                if isinstance(found, str) and found:
                    return found
    return ""


def _start(node: Node) -> str:
    """Return when a tree began; of one whose top is unknown, when its earliest order was accepted."""
    times = [str(each.row["accepted"]) for _, each in walk([node]) if each.row.get("accepted")]
    return str(node.row.get("accepted") or min(times, default=""))


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
