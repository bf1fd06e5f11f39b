"""Reading a product with the processor of its type: what that yields, and what the product says of it afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from toros.data.processors.image import PICTURE
from toros.data.processors.reading import Reading, SpectrumReading
from toros.data.processors.registry import read_product
from toros.data.processors.rows import reading_of_rows
from toros.data.tables import DataProduct
from toros.errors import Permanent, TorosError

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.orm import Session

    from toros.data.processors.options import PhotometryOptions

Found = Reading | SpectrumReading | Mapping[str, Any]

__all__ = ["read_file", "tell_product"]


def read_file(
    path: Path, product_type: str, options: PhotometryOptions
) -> Reading | SpectrumReading | Mapping[str, Any]:
    """Read a product's file; runs in a child process.

    A processor answers a `Reading` or a `SpectrumReading`; or it yields rows, of which each is taken or refused by
    itself; or it answers a mapping of what it found out.

    Raises
    ------
    Permanent
        It refuses the file, or fails: with the place in its code.
    """
    try:
        found: Any = read_product(path, product_type, options)
        if isinstance(found, Iterable) and not isinstance(found, Reading | SpectrumReading | Mapping | str):
            found = reading_of_rows(found, options)
    except (TorosError, MemoryError):
        raise
    except Exception as error:
        where = _place(error)
        raise Permanent(f"the processor of {product_type} failed{where}: {type(error).__name__}: {error}") from error
    if not isinstance(found, Reading | SpectrumReading | Mapping):
        raise Permanent(f"the processor of {product_type} answers {type(found).__name__}; a Reading, a "
                        f"SpectrumReading, rows or a mapping can be taken in")  # fmt: skip
    return found


def tell_product(
    session: Session, *, number: int, processing: str, report: Mapping[str, Any], thumbnail: str | None = None
) -> None:
    """Let a product say what became of it at its processor, and where its small picture is."""
    product = session.get_one(DataProduct, number)
    product.processing, product.report = processing, dict(report)
    if thumbnail is not None:
        product.thumbnails = {**product.thumbnails, PICTURE: thumbnail}


def _place(error: BaseException) -> str:
    """Return where in its code something failed, for who wrote it."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f" in {trace.tb_frame.f_code.co_name}, line {trace.tb_lineno}"
