"""Writing points of one series, each once: new ones are added, changed ones revised, the others left as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import Insert, Table, bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from toros.data.many import insert_new
from toros.data.tables import Measurement, MeasurementHistory, Series
from toros.data.tables.series import DISTINGUISHING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sqlalchemy.orm import Session

    from toros.data.processors.reading import About, Points

__all__ = ["CHUNK", "Taken", "compare_points", "find_series", "record_points", "record_series"]

CHUNK = 2000  # points in one transaction: some 20 ms
COMPARED = ("value", "error", "upper_limit", "flags")
POINTS = cast(Table, Measurement.__table__)
ROW = POINTS.c
KEPT = [ROW.time, ROW.value, ROW.error, ROW.upper_limit, ROW.flags, ROW.product, ROW.revision, ROW.recorded]


@dataclass(frozen=True)
class Taken:
    """What became of points: how many were new, known already, or replaced an older value."""

    new: int = 0
    same: int = 0
    revised: int = 0

    def __add__(self, other: Taken) -> Taken:
        return Taken(self.new + other.new, self.same + other.same, self.revised + other.revised)


def _insert(session: Session, table: Any) -> Any:
    """Return an INSERT that leaves a row that is there as it is."""
    dialect = session.get_bind().dialect.name
    made: Any = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    return made.on_conflict_do_nothing()


def find_series(session: Session, target: int, about: About) -> int | None:
    """Return the number of a series, where it is there."""
    wanted = {"target": target, **_distinguishing(about)}
    query = select(Series.number).where(*[getattr(Series, name) == value for name, value in wanted.items()])
    return session.scalar(query)


def record_series(session: Session, target: int, about: About) -> int:
    """Return the number of a series, which is made where it is not there; two at once make one."""
    found = find_series(session, target, about)
    if found is not None:
        return found
    session.execute(_insert(session, Series).values(target=target, **_distinguishing(about)))
    made = find_series(session, target, about)
    assert made is not None
    return made


def _distinguishing(about: About) -> dict[str, str]:
    return {name: getattr(about, name) for name in DISTINGUISHING if name != "target"}


def record_points(
    session: Session,
    series: int,
    points: Points,
    *,
    bjd: NDArray[np.float64] | None = None,
    product: int | None = None,
    recorded: str,
) -> Taken:
    """Write points of one series, in order of time and each time once.

    Parameters
    ----------
    session : Session
        Inside a transaction.
    series : int
    points : Points
        At most `CHUNK` of them, so that the transaction stays short.
    bjd : ndarray of float64, optional
        BJD_TDB of each; NaN where it is not known.
    product : int, optional
        The file that they came from.
    recorded : str
        The time now; UTC, ISO 8601.
    """
    if not len(points):
        return Taken()
    rows = _rows(series, points, bjd, product, recorded)
    new = insert_new(session, POINTS, rows)
    if new == len(rows):
        return Taken(new=new)
    known = _known(session, series, [row["time"] for row in rows], lock=True)
    revised = _revise(session, rows, known, recorded)
    return Taken(new=new, same=len(rows) - new - revised, revised=revised)


def compare_points(session: Session, series: int, points: Points) -> Taken:
    """Return what `record_points` would do, without doing it."""
    rows = _rows(series, points, None, None, "")
    known = _known(session, series, [row["time"] for row in rows])
    there = [row for row in rows if row["time"] in known]
    revised = sum(_differs(row, known[row["time"]]) for row in there)
    return Taken(new=len(rows) - len(there), same=len(there) - revised, revised=revised)


def _rows(
    series: int, points: Points, bjd: NDArray[np.float64] | None, product: int | None, recorded: str
) -> list[dict[str, Any]]:
    """Return the rows of points; what is NaN is NULL."""
    dates = [None] * len(points) if bjd is None else [None if date != date else date for date in bjd.tolist()]
    return [
        {
            "series": series, "time": time, "value": value, "error": None if error != error else error,
            "upper_limit": limit, "bjd": date, "flags": flags, "active": True, "product": product, "revision": 1,
            "recorded": recorded,
        }
        for time, value, error, limit, flags, date in zip(
            points.time.tolist(), points.value.tolist(), points.error.tolist(), points.upper_limit.tolist(),
            points.flags.tolist(), dates, strict=True,
        )
    ]  # fmt: skip


def _known(session: Session, series: int, times: list[int], *, lock: bool = False) -> dict[int, Any]:
    """Return the rows that are there at these times, by time; locked, nobody else revises them meanwhile."""
    condition = ROW.time == times[0] if len(times) == 1 else ROW.time.in_(times)
    query = select(*KEPT).where(ROW.series == series, condition).order_by(ROW.time)
    return {row.time: row for row in session.execute(query.with_for_update() if lock else query)}


def _differs(row: dict[str, Any], known: Any) -> bool:
    return any(row[name] != getattr(known, name) for name in COMPARED)


def _revise(session: Session, rows: list[dict[str, Any]], known: dict[int, Any], recorded: str) -> int:
    """Replace what has changed; the older revision goes to the history, `active` stays as it is."""
    changed = [row for row in rows if _differs(row, known[row["time"]])]
    if not changed:
        return 0
    older = [{**known[row["time"]]._mapping, "series": row["series"], "replaced": recorded} for row in changed]
    session.execute(_HISTORY, older)
    session.execute(_REVISE, [{f"new_{name}": row[name] for name in _BOUND} for row in changed])
    return len(changed)


_BOUND = ("series", "time", *COMPARED, "product", "recorded")
_HISTORY: Insert = insert(MeasurementHistory.__table__)  # type: ignore[arg-type]
_REVISE = (
    update(Measurement.__table__)  # type: ignore[arg-type]
    .where(ROW.series == bindparam("new_series"), ROW.time == bindparam("new_time"))
    .values(
        **{name: bindparam(f"new_{name}") for name in (*COMPARED, "product", "recorded")},
        revision=ROW.revision + 1,
    )
)
