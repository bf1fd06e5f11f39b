"""Large tables of text, read in pieces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toros.alerts.galaxies.columns import LONGEST_NAME
from toros.errors import TorosError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from toros.alerts.galaxies.importing import Told

__all__ = ["batches", "fixed_width", "numbers"]

BLOCK = 1 << 22  # bytes of text at a time: the memory of an import goes with it
NOTHING = ["null", "NULL", "NaN", "nan", "--", ""]


def batches(
    file: Path,
    told: Told,
    *,
    texts: Sequence[str],
    numbers: Sequence[str],
    names: Sequence[str] | None = None,
    delimiter: str = ",",
) -> Iterator[Any]:
    """Yield the rows of a table as pyarrow's record batches; a row of another length is left out and told of.

    Parameters
    ----------
    file : Path
        Plain, or compressed (gz, bz2, zst by its name).
    told : Told
    texts, numbers : sequence of str
        The columns that are wanted, by what they are.
    names : sequence of str, optional
        All columns, where the file does not begin with their names.
    delimiter : str

    Raises
    ------
    TorosError
        The file cannot be read, or a cell is no number.
    """
    import pyarrow as pa
    import pyarrow.csv as csv

    def skip(_row: Any) -> str:
        told.rows += 1
        told.leave_out("of another number of columns", 1)
        return "skip"

    types = {name: pa.string() for name in texts} | {name: pa.float64() for name in numbers}
    try:
        with pa.OSFile(str(file)) as raw:
            size = max(raw.size(), 1)
            compression = pa.Codec.detect(str(file)).name if file.suffix in (".gz", ".bz2", ".zst") else None
            stream = pa.CompressedInputStream(raw, compression) if compression else raw
            reader = csv.open_csv(
                stream,
                csv.ReadOptions(column_names=list(names) if names else None, block_size=BLOCK, use_threads=False),
                csv.ParseOptions(delimiter=delimiter, invalid_row_handler=skip, quote_char=False if names else '"'),
                csv.ConvertOptions(
                    include_columns=list(types), column_types=types, null_values=NOTHING, strings_can_be_null=True
                ),
            )
            for batch in reader:
                told.rows, told.part = told.rows + batch.num_rows, raw.tell() / size
                yield batch
    except pa.ArrowException as error:
        raise TorosError(f"{file.name} cannot be read: {' '.join(str(error).split())[:200]}") from None
    except OSError as error:
        raise TorosError(f"{file.name} cannot be read: {error.strerror or error}") from None


def numbers(column: Any) -> NDArray[np.float64]:
    """Return a column of pyarrow as numbers, NaN where it has none."""
    return column.to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]


def fixed_width(column: Any) -> NDArray[np.bytes_]:
    """Return a column of text as bytes of one width, the longest's, in ASCII; empty where it has none."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    text = pc.fill_null(column, "")
    if not pc.all(pc.string_is_ascii(text)).as_py():
        return np.array([each.encode("ascii", "replace")[:LONGEST_NAME] for each in text.to_pylist()], dtype="S")
    width = min(max(pc.max(pc.binary_length(text)).as_py() or 1, 1), LONGEST_NAME)
    padded = pc.ascii_rpad(pc.utf8_slice_codeunits(text, 0, width), width, "\0")
    padded = padded.combine_chunks() if isinstance(padded, pa.ChunkedArray) else padded
    return np.frombuffer(padded.buffers()[2], f"S{width}", len(padded), padded.offset * width)
