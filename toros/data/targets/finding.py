"""Finding targets: by place, name, tag, list, extra and every field, sorted, a page at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from toros.data.many import among
from toros.data.permissions import Viewer
from toros.data.tables import Target
from toros.data.targets.conditions import Conditions, centre_of, conditions_of
from toros.data.targets.cones import Centre, walk
from toros.data.targets.priority import by_priority, priority
from toros.data.targets.rows import rows_of
from toros.data.targets.sorting import SORTED, key_from, read_token, sorted_rows, token

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from workorders.finding import TargetFilter

__all__ = ["Page", "find_numbers", "find_targets"]

FEW = 2000  # targets that are read whole and sorted here; what is rarer needs no index of its own
STEP = 250  # targets of a cone read at a time while they are counted
Keyed = tuple[str, int]  # what the next page begins after, number


@dataclass(frozen=True)
class Page:
    """Some of the targets that were found.

    Attributes
    ----------
    targets : list of dict
        Plain rows, with what is not known left out.
    next : str or None
        What the next page begins after; None where this is the last.
    """

    targets: list[dict[str, Any]]
    next: str | None


def find_targets(
    session: Session,
    asked: TargetFilter,
    *,
    viewer: Viewer,
    now: float,
    sort: str | None = None,
    descending: bool = False,
    limit: int = 100,
    after: str | None = None,
) -> Page:
    """Return a page of the targets that a filter asks for.

    Parameters
    ----------
    session : Session
    asked : TargetFilter
        Conditions that must all hold.
    viewer : Viewer
        Who asks; what they may not see is not found.
    now : float
        The time that priorities are computed for; MJD.
    sort : str, optional
        Column, or "priority". Where absent: along the sky in a cone, else by the first sortable field of the filter,
        else by number.
    descending : bool
        The largest first; of no meaning along the sky, and for priorities, whose highest always comes first.
    limit : int
        Most rows of the page.
    after : str, optional
        `next` of the page before.

    Raises
    ------
    Permanent
        A list or the cone's target is not there, or `after` is not of such a page.
    """
    found = find_numbers(
        session, asked, viewer=viewer, now=now, sort=sort, descending=descending, after=after, page=limit + 1
    )
    page = list(islice(found, limit + 1))
    rows = rows_of(session, [number for _, number in page[:limit]], now)
    return Page(rows, page[limit - 1][0] if len(page) > limit else None)


def find_numbers(
    session: Session,
    asked: TargetFilter,
    *,
    viewer: Viewer,
    now: float,
    sort: str | None = None,
    descending: bool = False,
    after: str | None = None,
    page: int = 1000,
) -> Iterator[Keyed]:
    """Yield the numbers of the targets that a filter asks for, each with what the next page would begin after.

    Only as much is read as is asked for; see `find_targets`.
    """
    conditions = conditions_of(session, asked, viewer)
    centre = None
    if asked.cone is not None:
        centre = Centre(*centre_of(session, asked.cone, viewer), asked.cone.radius)
    sort = sort or ("position" if centre else next((field for field in asked.where if field in SORTED), "number"))
    few = _few(session, conditions, centre, sort)
    if few is not None:
        return _from_few(session, few, conditions, centre, sort, now, descending=descending, after=after)
    return _from_many(session, conditions, centre, sort, now, descending=descending, after=after, page=page)


def _few(session: Session, conditions: Conditions, centre: Centre | None, sort: str) -> list[int] | None:
    """Return few targets among which all lie that fit, where a rare condition or a small cone leaves so few."""
    few = conditions.few(session, FEW)
    if few is None and centre is not None and sort != "position":
        inside = walk(session, centre, conditions.all(), after=(-1, 0), page=STEP)
        numbers = [number for _, number in islice(inside, FEW + 1)]
        few = numbers if len(numbers) <= FEW else None
    return few


def _from_few(
    session: Session,
    numbers: Sequence[int],
    conditions: Conditions,
    centre: Centre | None,
    sort: str,
    now: float,
    *,
    descending: bool,
    after: str | None,
) -> Iterator[Keyed]:
    """Read the targets with these numbers, and sort here what fits."""
    query = select(Target.__table__).where(among(session, Target.number, numbers), *conditions.all())
    rows: Sequence[Any] = session.execute(query).all()
    if centre is not None:
        rows = [row for row, inside in zip(rows, centre.holds(rows), strict=True) if inside]
    if sort == "position":
        places = sorted((row.healpix, row.number) for row in rows)
        begin = tuple(read_token(after, (int, int))) if after is not None else (-1, 0)
        return ((token(place), place[1]) for place in places if place > begin)
    if sort == "priority":
        now, start_after = _priority_from(after, now)
        ranked = sorted((-value, row.number) for row in rows
                        if row.rate and (value := priority(now, row.last_mjd, row.rate)) is not None)  # fmt: skip
        first = (-start_after[0], start_after[1]) if start_after else (float("-inf"), 0)
        return ((token((now, -value, number)), number) for value, number in ranked if (value, number) > first)
    return _sorted_here(rows, sort, key_from(after, sort), descending=descending)


def _sorted_here(rows: Iterable[Any], sort: str, after: Any, *, descending: bool) -> Iterator[Keyed]:
    """Yield keys of rows in the order that the database would give."""
    keys = [(getattr(row, sort), row.number) for row in rows]
    known = sorted((key for key in keys if key[0] is not None), reverse=descending)
    unknown = sorted((key for key in keys if key[0] is None), key=lambda key: key[1], reverse=descending)
    keys = known + unknown
    if after is not None:
        keys = [key for key in keys if _behind(key, after, descending=descending)]
    return ((token(key), key[1]) for key in keys)


def _behind(key: Any, after: Any, *, descending: bool) -> bool:
    """Whether a key comes after another in the order of a sorted page: the unknown values last."""
    if (key[0] is None) != (after[0] is None):
        return key[0] is None
    one, other = (key[1:], after[1:]) if key[0] is None else (key, after)
    return bool(one < other if descending else one > other)


def _from_many(
    session: Session,
    conditions: Conditions,
    centre: Centre | None,
    sort: str,
    now: float,
    *,
    descending: bool,
    after: str | None,
    page: int,
) -> Iterator[Keyed]:
    """Walk along an index."""
    if sort == "position":
        assert centre is not None
        pixel, number = read_token(after, (int, int)) if after is not None else (-1, 0)
        inside = walk(session, centre, conditions.all(), after=(pixel, number), page=page)
        return ((token(place), place[1]) for place in inside)
    if sort == "priority":
        now, start_after = _priority_from(after, now)
        rows = by_priority(session, conditions.all(), now=now, after=start_after, page=page)
        return ((token((now, row.value, row.number)), row.number) for row in _inside(rows, centre, page))
    rows = sorted_rows(session, sort, conditions.all(), descending=descending, after=key_from(after, sort), page=page)
    return ((token((row.value, row.number)), row.number) for row in _inside(rows, centre, page))


def _priority_from(after: str | None, now: float) -> tuple[float, tuple[float, int] | None]:
    """Return the time that all pages of one search compute with, and the key that this page begins after."""
    if after is None:
        return now, None
    then, value, number = read_token(after, ((int, float), (int, float), int))
    return then, (value, number)


def _inside(rows: Iterator[Any], centre: Centre | None, page: int) -> Iterator[Any]:
    """Yield the rows that lie in a cone; all where there is none."""
    if centre is None:
        yield from rows
        return
    while chunk := list(islice(rows, page)):
        yield from [row for row, inside in zip(chunk, centre.holds(chunk), strict=True) if inside]
