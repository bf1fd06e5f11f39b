"""When what happened: the stages of a tree of orders as bars on one axis of time."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from toros.portal import words
from toros.portal.tree import Node, walk

__all__ = ["Bar", "Timeline", "timeline_of"]

WIDTH = 1000.0  # of the axis; the unit of all positions
TICKS = 6  # about so many
STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)  # seconds


@dataclass(frozen=True)
class Bar:
    """The orders of one kind.

    Attributes
    ----------
    name : str
        What was asked.
    count : int
        Orders.
    asked, start, end : float
        Where the first was accepted and begun, and the last ended; 0 to 1000.
    at : str
        When the last ended, since the axis began.
    took : str
        From the first acceptance to the last end.
    """

    name: str
    count: int
    asked: float
    start: float
    end: float
    at: str
    took: str


@dataclass(frozen=True)
class Timeline:
    """Bars on one axis.

    Attributes
    ----------
    began : str
        The axis' zero; ISO, UTC.
    ticks : list of (float, str)
        Position and words of each tick.
    """

    began: str
    bars: list[Bar]
    ticks: list[tuple[float, str]]


def timeline_of(node: Node) -> Timeline | None:
    """Return the stages of a tree, the first asked first; None where nothing has ended yet."""
    began = str(node.row.get("accepted") or "")
    stages: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    for _, each in walk([node]):
        times = [words.seconds_between(began, each.row.get(name)) for name in ("accepted", "started", "finished")]
        asked, start, end = times
        if asked is not None and start is not None and end is not None:
            stages[str(each.row.get("request", ""))].append((asked, start, end))
    if not stages:
        return None
    scale = max(0.1, max(end for spans in stages.values() for _, _, end in spans))
    bars = [_bar(name, spans, scale) for name, spans in stages.items()]
    return Timeline(began, sorted(bars, key=lambda bar: (bar.asked, bar.end)), _ticks(scale))


def _bar(name: str, spans: Sequence[tuple[float, float, float]], scale: float) -> Bar:
    asked, start, end = (min(s[0] for s in spans), min(s[1] for s in spans), max(s[2] for s in spans))
    asked, start = max(0.0, asked), max(0.0, start)
    return Bar(name, len(spans), asked / scale * WIDTH, start / scale * WIDTH, end / scale * WIDTH,
               words.duration(end), words.duration(end - asked))  # fmt: skip


def _ticks(scale: float) -> list[tuple[float, str]]:
    """Return round times along the axis."""
    wanted = scale / TICKS
    step = float(next((each for each in STEPS if each >= wanted), 86400 * math.ceil(wanted / 86400)))
    if wanted < 0.5:
        step = 10.0 ** math.ceil(math.log10(wanted))
    return [(i * step / scale * WIDTH, words.duration(i * step) if i else "0") for i in range(int(scale / step) + 1)]
