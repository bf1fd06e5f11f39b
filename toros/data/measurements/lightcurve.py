"""A target's light curve: its points as arrays, with what each series is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Select, select

from toros.data.permissions import Viewer, visible
from toros.data.processors.reading import MICROSECONDS_A_DAY, About
from toros.data.tables import Measurement, Series, Target
from toros.data.tables.series import DISTINGUISHING
from toros.store.connection import BINARY

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sqlalchemy.orm import Session

__all__ = ["Lightcurve", "Selection", "lightcurve_of", "lightcurve_of_points", "read_lightcurve", "series_of_target"]

_ABOUT = [name for name in DISTINGUISHING if name != "target"]
_SERIES = select(Series.number, *[getattr(Series, name) for name in _ABOUT])
_ROW = Measurement.__table__.c
COLUMNS = (
    _ROW.series, _ROW.time, _ROW.value, _ROW.error, _ROW.upper_limit, _ROW.bjd, _ROW.flags, _ROW.active,
)  # fmt: skip


@dataclass(frozen=True)
class Selection:
    """Which points are meant; all where nothing is said.

    Attributes
    ----------
    bands, kinds, sources, facilities : sequence of str
    series : sequence of int
        By number.
    since, until : float or None
        MJD in the scale of each series; both included.
    product : int or None
        Those that came from this file.
    active_only : bool
        Leave out what is switched off.
    """

    bands: Sequence[str] = ()
    kinds: Sequence[str] = ()
    sources: Sequence[str] = ()
    facilities: Sequence[str] = ()
    series: Sequence[int] = ()
    since: float | None = None
    until: float | None = None
    product: int | None = None
    active_only: bool = False

    def of_series(self) -> list[ColumnElement[bool]]:
        """Return the conditions on `series`."""
        wanted = ((Series.band, self.bands), (Series.kind, self.kinds), (Series.source, self.sources),
                  (Series.facility, self.facilities), (Series.number, self.series))  # fmt: skip
        return [column.in_(values) for column, values in wanted if values]

    def of_points(self) -> list[ColumnElement[bool]]:
        """Return the conditions on `measurement`."""
        conditions: list[ColumnElement[bool]] = []
        if self.since is not None:
            conditions.append(_ROW.time >= round(self.since * MICROSECONDS_A_DAY))
        if self.until is not None:
            conditions.append(_ROW.time <= round(self.until * MICROSECONDS_A_DAY))
        if self.product is not None:
            conditions.append(_ROW.product == self.product)
        if self.active_only:
            conditions.append(_ROW.active)
        return conditions


@dataclass(frozen=True)
class Lightcurve:
    """Points of one target, by time; all arrays of one length.

    Attributes
    ----------
    target : str
        Its name.
    mjd : ndarray of float64
        Mid-exposure, in the time scale of the series.
    value, error : ndarray of float64
        In the unit of the series; an error of NaN is not known.
    upper_limit, active : ndarray of bool
    bjd : ndarray of float64
        BJD_TDB; NaN where the site is not known.
    flags : ndarray of int64
    series : ndarray of int64
        Number of the series of each.
    about : dict of int to About
        The series by number.
    """

    target: str
    mjd: NDArray[np.float64]
    value: NDArray[np.float64]
    error: NDArray[np.float64]
    upper_limit: NDArray[np.bool_]
    active: NDArray[np.bool_]
    bjd: NDArray[np.float64]
    flags: NDArray[np.int64]
    series: NDArray[np.int64]
    about: dict[int, About]

    def __len__(self) -> int:
        return len(self.mjd)

    def texts(self, name: str) -> list[str]:
        """Return something that the series say, such as "band", of every point."""
        words = {number: str(getattr(about, name)) for number, about in self.about.items()}
        return [words[number] for number in self.series.tolist()]


def series_of_target(session: Session, target: int, selection: Selection, viewer: Viewer) -> dict[int, About]:
    """Return the series of a target that the viewer may see, by number."""
    query = _SERIES.where(Series.target == target, *selection.of_series())
    if not viewer.everything:
        query = visible(query.join(Target, Target.number == Series.target), viewer)
    return {row[0]: About(**dict(zip(_ABOUT, row[1:], strict=True))) for row in session.execute(query)}


def read_lightcurve(
    session: Session, target: int, *, viewer: Viewer, selection: Selection | None = None, name: str = ""
) -> Lightcurve:
    """Return a target's points.

    Parameters
    ----------
    session : Session
    target : int
        Its number.
    viewer : Viewer
        Who asks; of a target that he may not see there are no points.
    selection : Selection, optional
        Active points only by default.
    name : str
        What to call the target.
    """
    selection = selection or Selection(active_only=True)
    about = series_of_target(session, target, selection, viewer)
    known: dict[str, int] = {"active": True} if selection.active_only else {}
    if len(about) == 1:
        known["series"] = next(iter(about))  # what is the same in every row need not be read two thousand times
    rows: Sequence[Any] = []
    if about:
        query = _points(frozenset(known)).where(_ROW.series.in_(list(about)), *selection.of_points())
        found = session.connection().execute(query, execution_options=BINARY)
        cursor = found.cursor  # plain tuples: half the time of rows with names
        rows = cursor.fetchall() if cursor is not None else []
    return lightcurve_of(rows, about, name, known)


@cache
def _points(known: frozenset[str]) -> Select[Any]:
    """Return the statement that reads points, but for the columns whose values are known."""
    return select(*[column for column in COLUMNS if column.name not in known])


def lightcurve_of(
    rows: Sequence[Any], about: dict[int, About], name: str, known: Mapping[str, int] | None = None
) -> Lightcurve:
    """Return rows of `COLUMNS` as arrays, by time; those `known` to hold one value throughout are not in the rows."""
    import numpy as np

    known = known or {}
    told = [column.name for column in COLUMNS if column.name not in known]
    columns = dict(zip(told, list(zip(*rows, strict=True)) or [()] * len(told), strict=True))

    def array(column: str, kind: type) -> NDArray[Any]:
        return np.full(len(rows), known[column], kind) if column in known else np.array(columns[column], kind)

    times, series = array("time", np.int64), array("series", np.int64)
    order = np.lexsort((series, times))
    whole, part = np.divmod(times[order], MICROSECONDS_A_DAY)
    return Lightcurve(
        target=name, mjd=whole + part / MICROSECONDS_A_DAY,
        value=array("value", np.float64)[order], error=array("error", np.float64)[order],
        upper_limit=array("upper_limit", bool)[order], active=array("active", bool)[order],
        bjd=array("bjd", np.float64)[order], flags=array("flags", np.int64)[order],
        series=series[order], about=about,
    )  # fmt: skip


def lightcurve_of_points(
    target: str, series: Sequence[Mapping[str, Any]], points: Sequence[Mapping[str, Any]]
) -> Lightcurve:
    """Return the pages that `find_measurements` answers as one light curve."""
    about = {int(each["number"]): About(**{"band": ""} | {n: each[n] for n in _ABOUT if n in each}) for each in series}
    rows = [
        (each["series"], round(each["mjd"] * MICROSECONDS_A_DAY), each["value"], each.get("error"), each["upper_limit"],
         each.get("bjd_tdb"), int(each.get("flags", 0)), each["active"])
        for each in points
    ]  # fmt: skip
    return lightcurve_of(rows, about, target)
