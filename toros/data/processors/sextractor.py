"""Catalogues of SExtractor, ASCII_HEAD or FITS: the stars of one frame, of which one may be the target."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toros.data.processors.cells import EARLIEST, LATEST
from toros.data.processors.options import PhotometryOptions
from toros.data.processors.reading import MICROSECONDS_A_DAY, About, Points, Problems, Reading
from toros.errors import Permanent

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["read", "recognises"]

HEADER = re.compile(r"#\s*(\d+)\s+([A-Z][A-Z0-9_]*)")
NEEDED = ("ALPHA_J2000", "DELTA_J2000", "MAG_AUTO", "MAGERR_AUTO")
FAINTEST_ERROR = 1.0  # magnitudes; SExtractor writes 99 where it could not measure


def recognises(start: bytes) -> bool:
    """Return True where a file begins as SExtractor's do."""
    if start.startswith(b"SIMPLE  ="):
        return b"MAG_AUTO" in start or b"LDAC_OBJECTS" in start or b"LDAC_IMHEAD" in start
    return HEADER.match(start[:200].decode("ascii", "replace")) is not None


def read(path: Path, options: PhotometryOptions) -> Reading:
    """Read the star nearest to the target, as the instrument saw it.

    Raises
    ------
    Permanent
        A column is missing, or it is not said where the target is and when the frame was taken.
    """
    import numpy as np

    if options.ra is None or options.dec is None:
        raise Permanent("a catalogue of stars is read for a target with coordinates")
    if options.mjd is None:
        raise Permanent("mjd: a SExtractor catalogue does not say when its frame was taken: give mjd, of mid-exposure")
    if not EARLIEST <= options.mjd <= LATEST:
        hint = " (it looks like a Julian date: take 2400000.5 off)" if options.mjd > 2_400_000 else ""
        raise Permanent(f"mjd: {options.mjd!r} lies outside {EARLIEST:g} to {LATEST:g}{hint}")
    if not options.band:
        raise Permanent("filter: a SExtractor catalogue does not say its filter: give filter")
    problems = Problems()
    ra, dec, magnitude, error, lines = _stars(path, problems)
    distance = _separation(ra, dec, options.ra, options.dec)
    nearest = int(np.argmin(distance)) if len(distance) else -1
    remarks = [f"{len(ra)} stars of one frame; their magnitudes are the instrument's, not standardised"]
    if nearest < 0 or distance[nearest] > options.radius:
        far = f"; the nearest is {distance[nearest]:.2f} arcsec away" if nearest >= 0 else ""
        problems.add(0, "", "", f"no star within {options.radius:g} arcsec of the target{far}")
        return Reading(Points.empty(), problems, "SExtractor", tuple(remarks))
    remarks.append(f"taken: the star {distance[nearest]:.2f} arcsec from the target, "
                   f"the nearest within {options.radius:g}")  # fmt: skip
    about = About(
        band=options.band, system=options.system or "instrumental", source=options.source or "",
        facility=options.facility or "", observer=options.observer or "", method=options.method or "MAG_AUTO",
    )  # fmt: skip
    day = np.floor(options.mjd)
    time = int(day) * MICROSECONDS_A_DAY + int(np.rint((options.mjd - day) * MICROSECONDS_A_DAY))
    points = Points(
        time=np.array([time]), value=magnitude[[nearest]], error=error[[nearest]], upper_limit=np.zeros(1, bool),
        flags=np.zeros(1, np.int64), line=lines[[nearest]], series=np.zeros(1, np.int32), about=(about,),
    )  # fmt: skip
    return Reading(points, problems, "SExtractor", tuple(remarks))


def _stars(path: Path, problems: Problems) -> tuple[NDArray[Any], ...]:
    """Return right ascension, declination, magnitude, its error, and the line, of the stars that were measured."""
    import numpy as np

    with path.open("rb") as file:
        is_fits = file.read(9) == b"SIMPLE  ="
    columns, lines = _fits_columns(path) if is_fits else _text_columns(path, problems)
    values = [columns[name] for name in NEEDED]
    measured = np.isfinite(values[2]) & (np.abs(values[2]) < 90) & (values[3] >= 0) & (values[3] <= FAINTEST_ERROR)
    measured &= np.isfinite(values[0]) & np.isfinite(values[1])
    for i in np.flatnonzero(~measured):
        problems.add(lines[i], "MAG_AUTO", values[2][i], "was not measured")
    return (*[column[measured] for column in values], lines[measured])


def _text_columns(path: Path, problems: Problems) -> tuple[dict[str, NDArray[Any]], NDArray[np.int64]]:
    import numpy as np

    names: dict[str, int] = {}
    rows: list[list[float]] = []
    lines: list[int] = []
    with path.open(encoding="latin-1") as file:
        for number, line in enumerate(file, start=1):
            header = HEADER.match(line)
            if header:
                names[header[2]] = int(header[1]) - 1
            elif line.strip() and not line.startswith("#"):
                wanted = [names[name] for name in _complete(names, path)]
                cells = line.split()
                try:
                    rows.append([float(cells[place]) for place in wanted])
                    lines.append(number)
                except (ValueError, IndexError):
                    problems.add(number, "", line.strip(), "is not a row of numbers as the header names them")
    _complete(names, path)
    table = np.array(rows, float).reshape(-1, len(NEEDED))
    return dict(zip(NEEDED, table.T, strict=True)), np.array(lines, np.int64)


def _complete(names: Sequence[str] | dict[str, int], path: Path) -> tuple[str, ...]:
    missing = [name for name in NEEDED if name not in names]
    if missing:
        raise Permanent(f"{path.name}: the columns {', '.join(missing)} are missing from the catalogue")
    return NEEDED


def _fits_columns(path: Path) -> tuple[dict[str, NDArray[Any]], NDArray[np.int64]]:
    import numpy as np
    from astropy.io import fits

    try:
        with fits.open(path, memmap=False) as file:
            tables = [each for each in file if isinstance(each, fits.BinTableHDU) and each.name != "LDAC_IMHEAD"]
            if not tables:
                raise Permanent(f"{path.name} holds no table")
            data = tables[0].data
            _complete(tables[0].columns.names, path)
            columns = {name: np.array(data[name], float) for name in NEEDED}
    except OSError as error:
        raise Permanent(f"{path.name} cannot be read as FITS: {error}") from None
    return columns, np.arange(1, len(columns["MAG_AUTO"]) + 1)


def _separation(ra: NDArray[Any], dec: NDArray[Any], ra0: float, dec0: float) -> NDArray[np.float64]:
    """Return angular distances in arcseconds; the haversine formula, exact at small distances."""
    import numpy as np

    a, d, a0, d0 = np.radians(ra), np.radians(dec), np.radians(ra0), np.radians(dec0)
    h = np.sin((d - d0) / 2) ** 2 + np.cos(d) * np.cos(d0) * np.sin((a - a0) / 2) ** 2
    return np.asarray(np.degrees(2 * np.arcsin(np.sqrt(np.clip(h, 0, 1)))) * 3600)
