"""The reduced data of a TOM Toolkit: points of light curves, and spectra, each a value in JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from toros.data.moving.plain import MJD_0, moment_of, object_of, plain_text
from toros.data.moving.source import Record, Source
from toros.data.processors.options import PhotometryOptions
from toros.data.processors.reading import Points, Problems, Reading, SpectrumReading
from toros.data.processors.rows import reading_of_rows
from toros.data.targets.importing.problems import Problem
from toros.errors import Permanent

__all__ = ["TomPoint", "TomReducedData", "readings_of", "spectrum_of"]

PAGE = 1000  # points of one target and file that are taken together
LARGEST_SPECTRUM = 20_000_000  # characters
NARROW = ("id", "target_id", "data_type", "source_name", "timestamp", "value")
COLUMNS = {  # ours: theirs, the first that is there
    "filter": ("filter", "band", "passband"),
    "error": ("error", "magnitude_error", "mag_error", "magerr", "flux_error", "fluxerr"),
    "limit": ("limit", "limiting_magnitude", "limiting_mag"),
    "telescope": ("telescope", "facility", "instrument"),
    "observer": ("observer",),
    "system": ("magsys", "mag_system", "system"),
}
MAGNITUDES, FLUXES = ("magnitude", "mag"), ("flux", "flux_density")
UNITS = {"ujy": "uJy", "microjansky": "uJy", "mjy": "mJy", "millijansky": "mJy", "jy": "Jy", "jansky": "Jy",
         "njy": "nJy", "nanojansky": "nJy"}  # fmt: skip
WAVELENGTHS = ("wavelength", "wavelengths", "wave", "lambda")
SPECTRUM_FLUXES, SPECTRUM_ERRORS = ("flux", "fluxes", "photon_flux"), ("error", "flux_error", "fluxerr", "errors")
ANGSTROM, PER_ANGSTROM = "Angstrom", "erg s-1 cm-2 Angstrom-1"
SPELLED = {"angstroms": ANGSTROM, "angstrom": ANGSTROM, "erg / angstrom cm2 s": PER_ANGSTROM,
           "erg / (angstrom cm2 s)": PER_ANGSTROM, "erg / (s cm2 angstrom)": PER_ANGSTROM,
           "erg/cm2/s/a": PER_ANGSTROM, "erg/s/cm2/angstrom": PER_ANGSTROM}  # fmt: skip


@dataclass(frozen=True)
class TomPoint:
    """One row of reduced data.

    Attributes
    ----------
    id : int
        Its row.
    product : int or None
        The row of the file that it came from.
    mjd : float
        UTC.
    value : dict
        What the row holds, by name.
    source : str
    """

    id: int
    product: int | None
    mjd: float
    value: dict[str, Any]
    source: str


class TomReducedData:
    """The table of reduced data.

    Parameters
    ----------
    source : Source
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._table = source.table("tom_dataproducts_reduceddatum", columns=NARROW)

    def points(self, target: int) -> Iterator[tuple[list[TomPoint], list[Problem]]]:
        """Yield the photometry of a target, forced photometry too, and the rows that are none."""
        if self._table is not None:
            of_target = self._table.c.target_id == target
            for page in self._source.pages(self._table, self._kind("photometry"), of_target, size=PAGE):
                found = [_point(row) for row in page]
                yield [each for each in found if isinstance(each, TomPoint)], _problems(found)

    def targets(self, after: int) -> Iterator[int]:
        """Yield the numbers of the targets that have photometry, from the first behind a number on."""
        last = after
        while self._table is not None:
            column = self._table.c.target_id
            query = sa.select(column).where(column > last, self._kind("photometry")).order_by(column).limit(1)
            following = self._source.all(query)
            if not following:
                return
            last = following[0]["target_id"]
            if not isinstance(last, int | float):  # texts come behind all numbers
                raise Permanent(f"the table {self._table.name} has a row whose target_id is no number")
            yield int(last)

    def spectra(self, after: int) -> Iterator[tuple[int, Any, TomPoint | Problem]]:
        """Yield each spectrum: its row, the number of its target, and itself or why it cannot be read."""
        if self._table is None:
            return
        short = self._source.length(self._table.c.value) <= LARGEST_SPECTRUM
        kind = self._kind("spectroscopy")
        for page in self._source.pages(self._table, kind, short, after=after, long="value", size=1):
            yield page[0]["id"], page[0]["target_id"], _point(page[0], LARGEST_SPECTRUM)

    def too_long(self) -> list[Problem]:
        """Return the spectra that are too long to be read at all."""
        if self._table is None:
            return []
        long = self._source.length(self._table.c.value) > LARGEST_SPECTRUM
        query = sa.select(self._table.c.id).where(self._kind("spectroscopy"), long)
        reason = f"is a spectrum of more than {LARGEST_SPECTRUM} characters"
        return [Problem(row["id"], f"the reduced datum {row['id']} {reason}") for row in self._source.all(query)]

    def others(self, after: int) -> Iterator[list[Problem]]:
        """Yield the rows of other kinds, which have no place here."""
        if self._table is None:
            return
        kind = self._table.c.data_type
        narrow = sa.select(self._table.c.id, kind).where(
            ~self._kind("photometry"), ~self._kind("spectroscopy")
        )  # fmt: skip
        last = after
        while page := self._source.all(narrow.where(self._table.c.id > last).order_by(self._table.c.id).limit(PAGE)):
            last = page[-1]["id"]
            yield [Problem(row["id"], f"the reduced datum {row['id']} is of a kind that is not kept here",
                               "data_type", plain_text(row["data_type"], 60), "photometry, spectroscopy")
                       for row in page]  # fmt: skip

    def _kind(self, word: str) -> sa.ColumnElement[bool]:
        assert self._table is not None
        kind = self._table.c.data_type
        return kind.like("%photometry%") if word == "photometry" else kind.like("spectr%")


def readings_of(points: Sequence[TomPoint]) -> Iterator[Reading]:
    """Yield points as the table that they would have been uploaded as: magnitudes, and fluxes of each unit."""
    tables: dict[str, list[dict[str, Any]]] = {}
    strange = Problems()
    for point in points:
        flux, unit = _first(point.value, FLUXES), "mag"
        if _first(point.value, MAGNITUDES) is None and _first(point.value, COLUMNS["limit"]) is None and flux:
            said = plain_text(_first(point.value, ("unit", "flux_unit", "flux_units")), 40)
            if said.casefold() not in UNITS:
                strange.add(point.id, "unit", said, "is no unit of a flux; allowed: uJy, mJy, Jy, nJy")
                continue
            unit = UNITS[said.casefold()]
        names = {"magnitude": MAGNITUDES} if unit == "mag" else {"flux": FLUXES}
        row = {ours: _cell(_first(point.value, theirs)) for ours, theirs in (names | COLUMNS).items()}
        tables.setdefault(unit, []).append(
            {"line": point.id, "time": repr(point.mjd), **row, "source": plain_text(point.source, 64)}
        )
    for unit, rows in tables.items():
        more: dict[str, Any] = {} if unit == "mag" else {"quantity": "flux", "unit": unit}
        yield reading_of_rows(rows, PhotometryOptions(**more))
    if len(strange):
        yield Reading(Points.empty(), strange, "rows")


def spectrum_of(point: TomPoint) -> SpectrumReading:
    """Return a row as a spectrum; raise ValueError where it is none."""
    import numpy as np

    value = point.value
    if value and all(isinstance(each, dict) for each in value.values()):  # older versions: a pair for each pixel
        pixels = list(value.values())
        value = {name: [pixel.get(name) for pixel in pixels] for name in (*WAVELENGTHS, *SPECTRUM_FLUXES)
                 if name in pixels[0]}  # fmt: skip
    wavelength, flux = _array(value, WAVELENGTHS), _array(value, SPECTRUM_FLUXES)
    if wavelength is None or flux is None or len(wavelength) != len(flux):
        raise ValueError("has no wavelengths and fluxes, as many of one as of the other")
    error = _array(value, SPECTRUM_ERRORS)
    error = error if error is not None and len(error) == len(flux) else np.full(len(flux), np.nan)
    good = np.isfinite(wavelength) & np.isfinite(flux)
    order = np.flatnonzero(good)[np.argsort(wavelength[good], kind="stable")]
    if len(order) < 2 or not (np.diff(wavelength[order]) > 0).all():
        raise ValueError("has less than two points, or two fluxes at one wavelength")
    problems = Problems()
    for i in np.flatnonzero(~good):
        problems.add(point.id, "flux", f"pixel {i}", "is not a finite number")
    return SpectrumReading(
        wavelength[order], flux[order], error[order], _unit(value, "wavelength", ANGSTROM),
        _unit(value, "flux", PER_ANGSTROM), point.mjd,
        plain_text(_first(value, COLUMNS["telescope"]) or point.source, 128), problems, "spectrum, JSON",
    )  # fmt: skip


def _point(row: Record, longest: int | None = None) -> TomPoint | Problem:
    number = row["id"]
    try:
        value = object_of(row["value"], *([] if longest is None else [longest]))
    except ValueError as error:
        return Problem(number, f"the reduced datum {number} {error}", "value", plain_text(row["value"], 60))
    try:
        moment = moment_of(row["timestamp"])
    except ValueError:
        moment = None
    if moment is None:
        when = plain_text(row["timestamp"], 60)
        return Problem(number, f"the reduced datum {number} has no time", "timestamp", when)
    mjd = (moment - MJD_0).total_seconds() / 86400.0
    return TomPoint(number, row.get("data_product_id"), mjd, value, str(row.get("source_name") or ""))


def _problems(found: Sequence[TomPoint | Problem]) -> list[Problem]:
    return [each for each in found if isinstance(each, Problem)]


def _first(value: dict[str, Any], names: Sequence[str]) -> Any:
    return next((value[name] for name in names if value.get(name) not in (None, "")), None)


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return "" if math.isnan(value) else repr(value)
    return plain_text(value, 128)


def _array(value: dict[str, Any], names: Sequence[str]) -> Any:
    """Return numbers; NaN for what is none, None where there is no list."""
    import numpy as np

    cells = _first(value, names)
    if not isinstance(cells, list):
        return None
    return np.array([float(cell) if isinstance(cell, int | float) else math.nan for cell in cells])


def _unit(value: dict[str, Any], of: str, default: str) -> str:
    said = plain_text(_first(value, (f"{of}_units", f"{of}_unit")), 64)
    return SPELLED.get(said.casefold(), said) or default
