"""Any table of galaxies: CSV, FITS, VOTable, ECSV, its columns named by the caller."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toros.alerts.galaxies.columns import LONGEST_NAME, Columns, columns_of
from toros.alerts.galaxies.cosmology import redshift_distance
from toros.alerts.galaxies.text import batches, fixed_width, numbers
from toros.errors import TorosError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from toros.alerts.galaxies.importing import Told

__all__ = ["WANTED", "fits_rows", "numbers_of", "read", "texts_of"]

WANTED = {
    "name": "what it is called",
    "ra": "ICRS, degrees",
    "dec": "ICRS, degrees",
    "distance": "Mpc",
    "distance_error": "Mpc",
    "redshift": "used where there is no distance",
    "redshift_error": "its standard deviation",
    "magnitude": "apparent, B, Vega",
    "mass": "decimal logarithm of the stars' mass in the sun's",
}
DELIMITERS = {".csv": ",", ".tsv": "\t", ".txt": " "}
AT_ONCE = 200_000  # rows
GIVEN, FROM_REDSHIFT = 5, 4  # places in columns.FOUND


def read(file: Path, columns: Mapping[str, str], told: Told) -> Iterator[Columns]:
    """Yield the galaxies of a table.

    Parameters
    ----------
    file : Path
    columns : mapping of str to str
        Our name of a column (see `WANTED`) to the table's; a column that is called as we call it needs none.
    told : Told

    Raises
    ------
    TorosError
        It cannot be read, or has no positions.
    """
    for name in columns:
        if name not in WANTED:
            raise TorosError(f"column {name!r}; allowed: {', '.join(WANTED)}")
    plain = Path(file.stem) if file.suffix in (".gz", ".bz2", ".zst") else file
    if plain.suffix.lower() in DELIMITERS:
        rows = _text_rows(file, columns, told, DELIMITERS[plain.suffix.lower()])
    elif plain.suffix.lower() in (".fits", ".fit", ".fz"):
        rows = _fits(file, columns, told)
    else:
        rows = _whole(file, columns, told)
    for value in rows:
        yield _galaxies(value, told)


def _galaxies(value: dict[str, NDArray[Any]], told: Told) -> Columns:
    import numpy as np

    size = value["ra"].size
    nothing = np.full(size, np.nan)
    distance, error = value.get("distance", nothing), value.get("distance_error", nothing)
    given = distance > 0.0
    from_redshift, its_error = redshift_distance(value.get("redshift", nothing), value.get("redshift_error", nothing))
    found = columns_of(
        ra=value["ra"], dec=value["dec"], name=value.get("name", np.full(size, b"", "S1")),
        distance=np.where(given, distance, from_redshift),
        distance_error=np.where(given, np.where(error > 0.0, error, 0.15 * distance), its_error),
        found=np.where(given, GIVEN, FROM_REDSHIFT), magnitude=value.get("magnitude", nothing),
        mass=value.get("mass", nothing),
    )  # fmt: skip
    told.leave_out("without a position", size - found["ra"].size)
    return found


def _chosen(file: Path, there: Sequence[str], columns: Mapping[str, str]) -> dict[str, str]:
    """Return our names of columns and the table's."""
    by_small = {name.lower(): name for name in there}
    chosen = {}
    for ours in WANTED:
        theirs = columns.get(ours, ours)
        if theirs in there or theirs.lower() in by_small:
            chosen[ours] = theirs if theirs in there else by_small[theirs.lower()]
        elif ours in columns or ours in ("ra", "dec"):
            raise TorosError(f"{file.name} has no column {theirs!r} for {ours}; it has {', '.join(there)[:300]}")
    return chosen


def _text_rows(file: Path, columns: Mapping[str, str], told: Told, delimiter: str) -> Iterator[dict[str, NDArray[Any]]]:
    there = _heading(file, delimiter)
    chosen = _chosen(file, there, columns)
    texts = [chosen[ours] for ours in chosen if ours == "name"]
    for batch in batches(
        file, told, texts=texts, numbers=[chosen[ours] for ours in chosen if ours != "name"], delimiter=delimiter
    ):
        yield {
            ours: fixed_width(batch[theirs]) if ours == "name" else numbers(batch[theirs])
            for ours, theirs in chosen.items()
        }


def _heading(file: Path, delimiter: str) -> list[str]:
    """Return the names in the first line."""
    import pyarrow as pa

    try:
        with pa.input_stream(str(file), compression="detect") as stream:
            first = stream.read(65536).split(b"\n", 1)[0].decode("utf-8", "replace")
    except OSError as error:
        raise TorosError(f"{file.name} cannot be read: {error}") from None
    return [name.strip().strip('"') for name in first.lstrip("\ufeff").split(delimiter)]


def _fits(file: Path, columns: Mapping[str, str], told: Told) -> Iterator[dict[str, NDArray[Any]]]:
    for rows in fits_rows(file, told, ()):
        chosen = _chosen(file, list(rows.dtype.names), columns)
        yield {ours: (texts_of if ours == "name" else numbers_of)(rows, theirs) for ours, theirs in chosen.items()}


def _whole(file: Path, columns: Mapping[str, str], told: Told) -> Iterator[dict[str, NDArray[Any]]]:
    """Yield a table that astropy reads as a whole."""
    import warnings

    from astropy.table import Table

    try:
        with warnings.catch_warnings(action="ignore"):
            table = Table.read(file)
    except Exception as error:
        raise TorosError(f"{file.name} is no table that can be read: {' '.join(str(error).split())[:200]}") from error
    told.rows, told.part = len(table), 1.0
    rows = table.filled(fill_value=None) if not table.has_masked_columns else _filled(table)
    chosen = _chosen(file, list(table.colnames), columns)
    yield {ours: (texts_of if ours == "name" else numbers_of)(rows, theirs) for ours, theirs in chosen.items()}


def _filled(table: Any) -> Any:
    """Return a table with NaN or nothing where a cell is masked."""
    import numpy as np

    for name in table.colnames:
        column = table[name]
        if column.dtype.kind in "iu":
            table[name] = column = column.astype(np.float64)
        if column.dtype.kind == "f":
            column.fill_value = np.nan
    return table.filled()


def fits_rows(file: Path, told: Told, needed: Sequence[str]) -> Iterator[Any]:
    """Yield the rows of a FITS file's first table, some at a time.

    Raises
    ------
    TorosError
        There is none, or it lacks a column that is needed.
    """
    from astropy.io import fits

    try:
        opened = fits.open(file, memmap=True)
    except Exception as error:
        raise TorosError(f"{file.name} is no FITS file that can be read: {str(error)[:200]}") from error
    with opened as content:
        table = next((hdu for hdu in content if isinstance(hdu, fits.BinTableHDU)), None)
        if table is None:
            raise TorosError(f"{file.name} has no table")
        names = table.columns.names
        for name in needed:
            if name not in names:
                raise TorosError(f"{file.name} has no column {name!r}; it has {', '.join(names)[:300]}")
        total = int(table.header["NAXIS2"])
        for first in range(0, total, AT_ONCE):
            rows = table.data[first : first + AT_ONCE]
            told.rows, told.part = told.rows + len(rows), (first + len(rows)) / total
            yield rows


def numbers_of(rows: Any, name: str) -> NDArray[np.float64]:
    """Return a column as numbers, NaN where there is none."""
    import numpy as np

    names = rows.dtype.names
    if name not in names:
        return np.full(len(rows), np.nan)
    try:
        return np.asarray(rows[name], dtype=np.float64)
    except ValueError:
        raise TorosError(f"the column {name!r} holds something else than numbers") from None


def texts_of(rows: Any, name: str) -> NDArray[np.bytes_]:
    """Return a column as names in ASCII, empty where there is none."""
    import numpy as np

    if name not in rows.dtype.names:
        return np.full(len(rows), b"", "S1")
    text = np.asarray(rows[name])
    if text.dtype.kind == "S":
        return np.char.rstrip(text).astype(f"S{min(text.dtype.itemsize, LONGEST_NAME)}")
    found = np.array([str(each).encode("ascii", "replace")[:LONGEST_NAME] for each in text.tolist()], dtype="S")
    return found if found.dtype.itemsize else found.astype("S1")
