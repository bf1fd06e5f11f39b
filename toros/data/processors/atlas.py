"""Forced photometry of ATLAS as its server writes it: `###MJD m dm uJy duJy F err chi/N …`."""

from __future__ import annotations

from pathlib import Path

from toros.data.processors.cells import Rows, numbers, texts, times
from toros.data.processors.conversion import LONGEST, check_texts, flags_of, series_of
from toros.data.processors.options import PhotometryOptions
from toros.data.processors.reading import About, Points, Problems, Reading
from toros.data.processors.text_table import Block, text_blocks, text_head
from toros.errors import Permanent

__all__ = ["read", "recognises"]

NEEDED = ("MJD", "m", "dm", "uJy", "duJy", "F", "err")
SIGNIFICANT = 3.0  # a flux of so many errors is a detection
ZERO_POINT = 23.9  # AB magnitude of one microjansky


def recognises(start: bytes) -> bool:
    """Return True where a file begins as ATLAS's do."""
    first = start.lstrip(b"\xef\xbb\xbf#").split(b"\n", 1)[0].decode("ascii", "replace").replace(",", " ").split()
    return first[:1] == ["MJD"] and {"uJy", "duJy", "F"} <= set(first)


def read(path: Path, options: PhotometryOptions) -> Reading:
    """Read magnitudes, with limits where the flux is no more than three errors; or fluxes where they are asked for.

    A limit is 23.9 - 2.5 log10(3 duJy), AB.

    Raises
    ------
    Permanent
        A column is missing.
    """
    problems = Problems()
    head = text_head(path)
    missing = [name for name in NEEDED if name not in head.columns]
    if missing:
        raise Permanent(f"{path.name} is not ATLAS's: the columns {', '.join(missing)} are missing")
    parts = [_points(block, options, problems) for block in text_blocks(path, head, problems)]
    remarks = ["ATLAS forced photometry; times are UTC at the observatory"]
    if options.quantity != "flux":
        remarks.append(f"flux of at most {SIGNIFICANT:g} errors: upper limit")
    return Reading(Points.together(parts), problems, "ATLAS", tuple(remarks))


def _points(block: Block, options: PhotometryOptions, problems: Problems) -> Points:
    import numpy as np

    columns, rows = block.columns, Rows(block.lines, problems)
    time = times(columns["MJD"], "MJD", rows, offset=options.time_offset)
    number = {name: numbers(columns[name], name, rows) for name in ("m", "dm", "uJy", "duJy", "err")}
    rows.refuse(~np.isfinite(number["uJy"]), "uJy", columns["uJy"], "is not a finite number")
    wrong = ~(np.isfinite(number["duJy"]) & (number["duJy"] > 0))
    rows.refuse(wrong, "duJy", columns["duJy"], "is not a finite number above 0")
    flux, error = np.where(rows.good, number["uJy"], 0.0), np.where(rows.good, number["duJy"], 1.0)
    as_flux = options.quantity == "flux"
    upper_limit = np.zeros(len(flux), bool) if as_flux else flux / error <= SIGNIFICANT
    value = flux if as_flux else np.where(upper_limit, ZERO_POINT - 2.5 * np.log10(SIGNIFICANT * error), number["m"])
    rows.refuse(~np.isfinite(value), "m", columns["m"], "is not a finite number")

    def about(row: tuple[str, ...]) -> About:
        kind, unit, system = ("flux", "uJy", "") if as_flux else ("magnitude", "mag", options.system or "AB")
        return About(
            band=row[0], kind=kind, unit=unit, system=system, source=options.source or "ATLAS",
            facility=options.facility or "ATLAS", observer=options.observer or "",
            method=options.method or "forced photometry",
        )  # fmt: skip

    bands = [band or options.band or "" for band in texts(columns["F"])]
    check_texts(bands, "F", LONGEST["band"], rows)
    rows.refuse(np.array([not band for band in bands]), "F", bands, "is empty: say filter")
    flags = flags_of(number["err"], "err", columns["err"], rows)
    series, found = series_of([bands], about)
    return Points(
        time=time, value=value, error=error if as_flux else np.where(upper_limit, np.nan, number["dm"]),
        upper_limit=upper_limit, flags=flags,
        line=np.asarray(block.lines, np.int64), series=series, about=found,
    ).take(np.flatnonzero(rows.good))  # fmt: skip
