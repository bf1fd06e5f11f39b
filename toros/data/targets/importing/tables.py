"""Tables that are not plain text, written as such: ECSV, VOTable, FITS. Runs in a child process with bounded memory."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from toros.data.targets.importing.columns import column_of
from toros.errors import Permanent

__all__ = ["as_csv", "checked_size"]

LARGEST = 512 * 1024 * 1024  # bytes; astropy holds the whole table
UNITS = {
    "ra": "deg", "dec": "deg", "epoch": "yr", "pm_ra": "mas / yr", "pm_dec": "mas / yr", "parallax": "mas",
    "epoch_of_elements": "d", "inclination": "deg", "lng_asc_node": "deg", "arg_of_perihelion": "deg",
    "mean_anomaly": "deg", "semimajor_axis": "AU", "mean_daily_motion": "deg / d", "perihdist": "AU",
    "epoch_of_perihelion": "d", "cadence": "d", "last_mjd": "d",
}  # fmt: skip


def checked_size(path: Path) -> None:
    """Raise Permanent where a table is too large to be held in memory."""
    size = path.stat().st_size
    if size > LARGEST:
        raise Permanent(
            f"the table has {size / 1e6:.0f} MB; allowed: up to {LARGEST / 1e6:.0f} MB; a CSV file may have any size"
        )


def as_csv(path: str, kind: str, into: str) -> list[str]:
    """Write a table as CSV that tells the kinds of its extras; return the columns that had to be left out.

    Parameters
    ----------
    path : str
        The table.
    kind : {"ecsv", "votable", "fits"}
    into : str
        File to write.

    Raises
    ------
    Permanent
        It is no such table.
    """
    table = _read(path, kind)
    kept: list[tuple[str, Iterator[str]]] = []
    left_out: list[str] = []
    for name in table.colnames:
        told = _told(name, table[name])
        if told is None:
            left_out.append(name)
        else:
            kept.append(told)
    with Path(into).open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow([header for header, _ in kept])
        writer.writerows(zip(*[cells for _, cells in kept], strict=True))
    return left_out


def _read(path: str, kind: str) -> Any:
    import warnings

    from astropy.table import Table

    more: dict[str, Any] = {"votable": {"use_names_over_ids": True}, "ecsv": {}, "fits": {}}[kind]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # dialects of VOTable; what matters is whether it can be read
            return Table.read(path, format={"ecsv": "ascii.ecsv"}.get(kind, kind), **more)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever astropy stumbles over, the file is at fault
        words = str(error).strip().splitlines() or [type(error).__name__]
        raise Permanent(f"the file is not a {kind} table that can be read: {words[0][:200]}") from None


def _told(name: str, values: Any) -> tuple[str, Iterator[str]] | None:
    """Return the header and the cells of a column; None for one whose cells are no plain values."""
    import numpy as np
    from astropy.time import Time

    if isinstance(values, Time):
        return name, iter(np.atleast_1d(values.utc.isot).tolist())
    kind = getattr(getattr(values, "dtype", None), "kind", "O")
    if getattr(values, "ndim", 0) != 1:
        return None
    if kind == "O" and not all(isinstance(value, str | bytes) or value is None for value in values.tolist()):
        return None
    header, values = _in_our_unit(name, values, number=kind in "iuf")
    column = column_of(header)
    if column.role == "extra" and column.kind == "guessed":
        word = "number" if kind in "iuf" else "truth" if kind == "b" else "text"
        header = f"extra:{column.name}:{word}"
    write: Callable[[Any], str] = _number if kind in "iuf" else str if kind == "b" else _text
    return header, ("" if value is None else write(value) for value in values.tolist())


def _in_our_unit(name: str, values: Any, *, number: bool) -> tuple[str, Any]:
    """Return a column in the unit that its field has with us."""
    unit = getattr(values, "unit", None)
    if unit is None or not number or "[" in name or "(" in name:
        return name, values
    column = column_of(name)
    wanted = UNITS.get(column.name) if column.role == "field" else None
    if wanted is None or unit == wanted:
        return name, values
    if column.name == "ra" and unit in ("h", "hourangle"):
        column_of("ra (hours)")  # refuses it, with the hint
    from astropy import units

    try:
        factor = units.Unit(unit).to(units.Unit(wanted))
    except units.UnitConversionError:
        raise Permanent(
            f"{column.name}: the column is in {unit}; allowed: {wanted}, or what can be turned into it"
        ) from None
    return name, values * factor


def _number(value: float) -> str:
    return "" if value != value else repr(value)


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else value
