"""What comes out of a file: points and spectra, and a problem for every row that was not taken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["MICROSECONDS_A_DAY", "About", "Points", "Problem", "Problems", "Reading", "SpectrumReading"]

MICROSECONDS_A_DAY = 86_400_000_000
KEPT = 1000  # problems that are kept word for word; the others are counted


@dataclass(frozen=True)
class Problem:
    """A row, or a whole file, that was not taken.

    Attributes
    ----------
    line : int
        Of the file where it is text, the row of the table where it is not; from 1. 0 stands for the whole file.
    field, value : str
        The column and what it holds.
    reason : str
        Why that cannot be taken, and what can.
    """

    line: int
    field: str
    value: str
    reason: str

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line else ""
        what = f"{self.field} {self.value!r} " if self.value else f"{self.field} " if self.field else ""
        return f"{where}{what}{self.reason}"


@dataclass
class Problems:
    """Problems as they are met: the first ones in full, all of them counted by field and reason."""

    first: list[Problem] = field(default_factory=list)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, line: int, name: str, value: object, reason: str) -> None:
        """Note one problem."""
        self.counts[name, reason] += 1
        if len(self.first) < KEPT:
            self.first.append(Problem(int(line), name, str(value)[:60], reason))

    def __len__(self) -> int:
        return self.counts.total()

    def summary(self, most: int = 20) -> dict[str, Any]:
        """Return the first problems as sentences, and how often each reason was met."""
        ordered = sorted(self.first, key=lambda problem: problem.line)
        return {
            "problems": [str(problem) for problem in ordered[:most]],
            "reasons": {f"{name} {reason}".strip(): count for (name, reason), count in self.counts.most_common(most)},
        }


@dataclass(frozen=True)
class About:
    """What the points of one series have in common; an empty text where it is not known.

    Attributes
    ----------
    kind : str
        "magnitude", "flux" (density), "flux_per_wavelength" or "counts".
    unit : str
        "mag"; "uJy" of a flux density.
    system : str
        "AB", "Vega" and so on, of a magnitude.
    source : str
        Which archive, survey or desk it comes from.
    time_scale : str
        "utc" or "tdb" and so on.
    time_reference : str
        Where the light arrives at that time: "observatory", "geocentre", "heliocentre", "barycentre".
    """

    band: str = ""
    kind: str = "magnitude"
    unit: str = "mag"
    system: str = ""
    source: str = ""
    facility: str = ""
    observer: str = ""
    method: str = ""
    time_scale: str = "utc"
    time_reference: str = "observatory"


@dataclass(frozen=True)
class Points:
    """Measurements as columns, all of one length.

    Attributes
    ----------
    time : ndarray of int64
        Microseconds since MJD 0, in the scale of the series; mid-exposure.
    value, error : ndarray of float64
        In the unit of the series; an error of NaN is not known. Of an upper limit, the value is the limit.
    upper_limit : ndarray of bool
    flags : ndarray of int64
        As the source says.
    line : ndarray of int64
        Where each came from.
    series : ndarray of int32
        Position in `about`.
    about : tuple of About
    """

    time: NDArray[np.int64]
    value: NDArray[np.float64]
    error: NDArray[np.float64]
    upper_limit: NDArray[np.bool_]
    flags: NDArray[np.int64]
    line: NDArray[np.int64]
    series: NDArray[np.int32]
    about: tuple[About, ...]

    def __len__(self) -> int:
        return len(self.time)

    def of(self, position: int) -> Points:
        """Return the points of one series, by time."""
        import numpy as np

        chosen = np.flatnonzero(self.series == position)
        return self.take(chosen[np.argsort(self.time[chosen], kind="stable")])

    def take(self, chosen: NDArray[Any] | slice) -> Points:
        """Return those at these positions."""
        columns = {name: getattr(self, name)[chosen] for name in COLUMNS}
        return Points(**columns, about=self.about)

    @classmethod
    def of_one_series(
        cls,
        about: About,
        *,
        time: NDArray[np.int64],
        value: NDArray[np.float64],
        error: NDArray[np.float64],
        lines: Sequence[int],
    ) -> Points:
        """Return detections of one series without flags: all that a simple processor has."""
        import numpy as np

        count = len(lines)
        return cls(
            time, value, error, np.zeros(count, bool), np.zeros(count, np.int64), np.asarray(lines, np.int64),
            np.zeros(count, np.int32), (about,),
        )  # fmt: skip

    @classmethod
    def together(cls, parts: Sequence[Points]) -> Points:
        """Return the points of several parts as one."""
        import numpy as np

        if not parts:
            return cls.empty()
        about: dict[About, int] = {}
        series = []
        for part in parts:
            places = [about.setdefault(each, len(about)) for each in part.about] or [0]
            series.append(np.array(places, np.int32)[part.series])
        columns = {
            name: np.concatenate([getattr(part, name) for part in parts]) for name in COLUMNS if name != "series"
        }
        return cls(**columns, series=np.concatenate(series), about=tuple(about))

    @classmethod
    def empty(cls) -> Points:
        """Return no points."""
        import numpy as np

        return cls(**{name: np.empty(0, type_) for name, type_ in COLUMNS.items()}, about=())


COLUMNS: Mapping[str, str] = {
    "time": "i8", "value": "f8", "error": "f8", "upper_limit": "?", "flags": "i8", "line": "i8", "series": "i4",
}  # fmt: skip


@dataclass(frozen=True)
class Reading:
    """A file of photometry as it was understood.

    Attributes
    ----------
    layout : str
        What it was taken for.
    remarks : tuple of str
        What was recognised, converted or assumed; for the person who sent the file.
    """

    points: Points
    problems: Problems
    layout: str
    remarks: tuple[str, ...] = ()

    def remarking(self, remarks: Iterable[str]) -> Reading:
        """Return it with more remarks."""
        return Reading(self.points, self.problems, self.layout, (*self.remarks, *remarks))


@dataclass(frozen=True)
class SpectrumReading:
    """One spectrum as it was understood.

    Attributes
    ----------
    wavelength, flux, error : ndarray of float64
        Of one length; an error of NaN is not known.
    wavelength_unit, flux_unit : str
        As the FITS standard writes units: "Angstrom", "erg s-1 cm-2 Angstrom-1".
    mjd : float or None
        Of the exposure, UTC, where the file says it.
    """

    wavelength: NDArray[np.float64]
    flux: NDArray[np.float64]
    error: NDArray[np.float64]
    wavelength_unit: str
    flux_unit: str
    mjd: float | None
    facility: str
    problems: Problems
    layout: str
    remarks: tuple[str, ...] = ()
