"""From a catalogue's file to a store, however many rows it has: read in pieces, sorted piece by piece along the sky."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from toros.alerts.galaxies.columns import KINDS, LONGEST_NAME, Columns, record_kind
from toros.alerts.galaxies.store import write_store
from toros.errors import TorosError
from toros.sky.healpix import ORDER

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FORMS", "Told", "import_catalogue"]

FORMS = ("glade+", "nedlvs", "table")
BUCKET_ORDER = 2
BUCKETS = 12 * 4**BUCKET_ORDER  # pieces of the sky, a file each while the catalogue is read

Progress = Callable[[int, float], None]


@dataclass
class Told:
    """What a reader says of the rows that it does not hand over.

    Attributes
    ----------
    rows : int
        All that were read.
    left_out : dict of str to int
        Why, and how many.
    part : float
        How far the file is read, 0 to 1; NaN where it cannot be known.
    """

    rows: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    part: float = float("nan")

    def leave_out(self, reason: str, count: int) -> None:
        """Count rows that are not taken."""
        if count:
            self.left_out[reason] = self.left_out.get(reason, 0) + count


def import_catalogue(
    file: Path,
    store: Path,
    form: str,
    *,
    columns: Mapping[str, str] | None = None,
    catalogue: str | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Make a store of galaxies from a catalogue's file.

    Parameters
    ----------
    file : Path
        Text of GLADE+, FITS of NED-LVS, or any table.
    store : Path
        Is replaced in one step when all is well; some twice its size is needed beside it meanwhile.
    form : str
        One of `FORMS`.
    columns : mapping of str to str, optional
        For a table: our name of a column (see `tables.WANTED`) to the table's.
    catalogue : str, optional
        What to call it; the file's name by default.
    progress : function, optional
        Is told rows read and the part of the file, 0 to 1, now and then.

    Returns
    -------
    dict
        `rows` in the file, `galaxies` in the store, `left_out` by reason.

    Raises
    ------
    TorosError
        The file is not of this form; an earlier store is as it was.
    OSError
    """
    if form not in FORMS:
        raise TorosError(f"form {form!r}; allowed: {', '.join(FORMS)}")
    if columns and form != "table":
        raise TorosError(f"the form {form} knows its columns; a map of columns is for the form table")
    told = Told()
    store.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=store.parent, prefix=f".{store.name}.") as folder:
        spool = _Spool(Path(folder))
        with spool:
            for part in _read(file, form, columns or {}, told):
                spool.add(part)
                if progress:
                    progress(told.rows, told.part)
        if not spool.rows:
            raise TorosError(f"{file.name} has no galaxy that could be taken: {_in_words(told)}")
        about = {
            "catalogue": catalogue or file.name,
            "file": file.name,
            "form": form,
            "made": datetime.now(UTC).isoformat(timespec="seconds"),
            "left_out": told.left_out,
        }
        write_store(store, spool.rows, spool.name_width, spool.sorted_parts(), about)
    return {"rows": told.rows, "galaxies": spool.rows, "left_out": told.left_out}


def _read(file: Path, form: str, columns: Mapping[str, str], told: Told) -> Iterable[Columns]:
    """Return the galaxies of a file, piece by piece."""
    from toros.alerts.galaxies import glade, ned_lvs, tables

    if form == "glade+":
        return glade.read(file, told)
    if form == "nedlvs":
        return ned_lvs.read(file, told)
    return tables.read(file, columns, told)


def _in_words(told: Told) -> str:
    reasons = ", ".join(f"{count} {reason}" for reason, count in told.left_out.items())
    return f"{told.rows} rows" + (f", of which {reasons}" if reasons else "")


class _Spool:
    """Rows on the disk, by piece of the sky.

    Parameters
    ----------
    folder : Path
        Empty.
    """

    def __init__(self, folder: Path) -> None:
        self.rows, self.name_width = 0, 1
        self._folder = folder
        self._open = ExitStack()
        self._files: dict[int, BinaryIO] = {}

    def __enter__(self) -> _Spool:
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()

    def add(self, part: Columns) -> None:
        """Keep rows."""
        import numpy as np

        bucket = (part["pixel"] >> 2 * (ORDER - BUCKET_ORDER)).astype(np.uint8)
        by_bucket = np.argsort(bucket, kind="stable")
        rows = np.empty(bucket.size, record_kind(LONGEST_NAME))
        for name in KINDS:
            rows[name] = part[name][by_bucket]
        ends = np.cumsum(np.bincount(bucket, minlength=BUCKETS))
        for k in np.unique(bucket).tolist():
            first = int(ends[k - 1]) if k else 0
            self._file(k).write(rows[first : int(ends[k])].view(np.uint8).data)
        self.rows += bucket.size
        self.name_width = max(self.name_width, part["name"].dtype.itemsize if bucket.size else 1)

    def _file(self, bucket: int) -> BinaryIO:
        if bucket not in self._files:
            path = self._folder / str(bucket)
            self._files[bucket] = self._open.enter_context(path.open("wb", buffering=0))
        return self._files[bucket]

    def sorted_parts(self) -> Iterator[Columns]:
        """Yield all rows along the sky, and forget them."""
        import numpy as np

        for k in range(BUCKETS):
            path = self._folder / str(k)
            if path.exists():
                rows: NDArray[Any] = np.fromfile(path, record_kind(LONGEST_NAME))
                path.unlink()
                by_place = np.argsort(rows["pixel"], kind="stable")
                yield {name: rows[name][by_place] for name in KINDS}
