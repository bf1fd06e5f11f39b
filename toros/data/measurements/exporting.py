"""Writing a light curve out: BHTOM's CSV, plain CSV, ECSV, VOTable, parquet; all but the first are read back whole."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, get_args

from toros.data.measurements.lightcurve import Lightcurve
from toros.errors import Permanent

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["FORMATS", "PLAIN", "Format", "columns_of", "held", "written"]

Format = Literal["bhtom", "csv", "ecsv", "votable", "parquet"]
FORMATS: tuple[Format, ...] = get_args(Format)
PLAIN: tuple[Format, ...] = ("bhtom", "csv")  # written without a library
TEXTS = ("kind", "band", "system", "unit", "source", "facility", "observer", "method", "time_scale", "time_reference")
LIMIT = -1  # the error by which BHTOM marks an upper limit


def written(lightcurve: Lightcurve, format_: Format) -> bytes:
    """Return a light curve as the contents of a file.

    Parameters
    ----------
    lightcurve : Lightcurve
    format_ : {"bhtom", "csv", "ecsv", "votable", "parquet"}
        "bhtom" (`MJD;Magnitude;Error;Facility;Filter;Observer`) holds magnitudes only, and of an upper limit -1 as the
        error; the others hold everything.

    Raises
    ------
    Permanent
        Parquet is asked for and pyarrow is not installed.
    """
    return _WRITERS[format_](lightcurve)


def held(lightcurve: Lightcurve, format_: Format) -> int:
    """Return how many points a format holds: BHTOM's has a place for magnitudes only."""
    return len(lightcurve) if format_ != "bhtom" else lightcurve.texts("kind").count("magnitude")


def columns_of(lightcurve: Lightcurve) -> dict[str, Any]:
    """Return a light curve as columns by name: what every format but BHTOM's holds."""
    return {
        "mjd": lightcurve.mjd, "value": lightcurve.value, "error": lightcurve.error,
        "upper_limit": lightcurve.upper_limit, **{name: lightcurve.texts(name) for name in TEXTS},
        "bjd_tdb": lightcurve.bjd, "flags": lightcurve.flags, "active": lightcurve.active,
    }  # fmt: skip


def _bhtom(lightcurve: Lightcurve) -> bytes:
    kinds = lightcurve.texts("kind")
    words = [lightcurve.texts(name) for name in ("facility", "band", "observer")]
    rows = [
        (_number(lightcurve.mjd[i]), _number(lightcurve.value[i]),
         LIMIT if lightcurve.upper_limit[i] else _number(lightcurve.error[i]), *[word[i] for word in words])
        for i, kind in enumerate(kinds) if kind == "magnitude"
    ]  # fmt: skip
    return _separated(";", ("MJD", "Magnitude", "Error", "Facility", "Filter", "Observer"), rows)


def _csv(lightcurve: Lightcurve) -> bytes:
    columns = columns_of(lightcurve)
    return _separated(",", columns, zip(*[_cells(column) for column in columns.values()], strict=True))


def _separated(separator: str, header: Iterable[str], rows: Iterable[Sequence[Any]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()


def _cells(column: Any) -> list[Any]:
    """Return a column as it is written: numbers that are read back the same, nothing for what is not known."""
    if isinstance(column, list):
        return column
    if column.dtype.kind == "f":
        return [_number(value) for value in column.tolist()]
    return [int(value) for value in column.tolist()]


def _number(value: float) -> str:
    return "" if value != value else repr(float(value))


def _table(lightcurve: Lightcurve) -> Any:
    """Return an astropy table with units and descriptions."""
    from astropy.table import Table

    table = Table({name: _column(column) for name, column in columns_of(lightcurve).items()})
    table["mjd"].unit = table["bjd_tdb"].unit = "d"
    table.meta["target"] = lightcurve.target
    for name, words in DESCRIPTIONS.items():
        table[name].description = words
    return table


def _column(column: Any) -> Any:
    import numpy as np

    if isinstance(column, list):
        return np.array(column, dtype=str) if column else np.array([], dtype="U1")
    return column


def _ecsv(lightcurve: Lightcurve) -> bytes:
    text = io.StringIO()
    _table(lightcurve).write(text, format="ascii.ecsv", delimiter=",")
    return text.getvalue().encode()


def _votable(lightcurve: Lightcurve) -> bytes:
    file = io.BytesIO()
    _table(lightcurve).write(file, format="votable")
    return file.getvalue()


def _parquet(lightcurve: Lightcurve) -> bytes:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ModuleNotFoundError:
        raise Permanent("parquet needs pyarrow: pip install pyarrow") from None
    columns = {name: _with_nulls(column, pa) for name, column in columns_of(lightcurve).items()}
    file = io.BytesIO()
    pq.write_table(pa.table(columns).replace_schema_metadata({"target": lightcurve.target}), file)
    return file.getvalue()


def _with_nulls(column: list[str] | NDArray[np.generic], pa: Any) -> Any:
    return pa.array(column, pa.string()) if isinstance(column, list) else pa.array(column, from_pandas=True)


_WRITERS: Mapping[Format, Callable[[Lightcurve], bytes]] = {
    "bhtom": _bhtom, "csv": _csv, "ecsv": _ecsv, "votable": _votable, "parquet": _parquet,
}  # fmt: skip
DESCRIPTIONS = {
    "mjd": "mid-exposure, in time_scale at time_reference",
    "value": "in unit; of an upper limit, the limit",
    "error": "one standard deviation, in unit",
    "bjd_tdb": "barycentric Julian date of mid-exposure",
}
