"""Which function reads which file: the entry point group `toros.processors`, our own processors among them.

An entry point's name is the type of product and the layout, such as `photometry.atlas`; it names a function
`read(path, options)`. Where `recognises(start)` stands beside the function, files whose layout is not named are
shown to it: their first bytes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from toros.data.processors.options import PhotometryOptions
from toros.data.processors.reading import Reading, SpectrumReading
from toros.errors import Permanent

__all__ = ["GENERAL", "GROUP", "processors", "read_product"]

GROUP = "toros.processors"
GENERAL = "table"  # reads what no other recognises
START = 65536  # bytes that are shown to `recognises`
Read = Callable[[Path, PhotometryOptions], Any]


@cache
def _entry_points() -> Mapping[str, EntryPoint]:
    return {each.name: each for each in entry_points(group=GROUP)}


def processors(product_type: str) -> list[str]:
    """Return the layouts that can be read of a type of product; the general one last."""
    found = [name.partition(".")[2] for name in _entry_points() if name.partition(".")[0] == product_type]
    return sorted(found, key=lambda layout: (layout == GENERAL, layout))


def read_product(path: Path, product_type: str, options: PhotometryOptions) -> Reading | SpectrumReading:
    """Read a file with the processor of its layout: the one that is named, or the first that recognises it.

    Runs in a child process: a file may be of any size and anybody's making.

    Raises
    ------
    Permanent
        The file is empty or too large, no processor reads it, or the processor refuses it.
    """
    size = path.stat().st_size
    if size > options.largest:
        raise Permanent(f"{path.name} has {size} bytes; at most {options.largest} are opened (data.largest_table)")
    if size == 0:
        raise Permanent(f"{path.name} is empty")
    layouts = processors(product_type)
    if not layouts:
        raise Permanent(f"nothing is installed that reads the product type {product_type!r}")
    if options.layout is not None:
        if options.layout not in layouts:
            raise Permanent(f"layout: {options.layout!r} is not installed; allowed: {', '.join(layouts)}")
        return _read(product_type, options.layout)(path, options)  # type: ignore[no-any-return]
    with path.open("rb") as file:
        start = file.read(START)
    for layout in layouts:
        read = _read(product_type, layout)
        recognises = getattr(sys.modules[read.__module__], "recognises", None)
        if (recognises is not None and recognises(start)) or layout == layouts[-1]:
            return read(path, options)  # type: ignore[no-any-return]
    raise AssertionError("the last layout reads everything")


def _read(product_type: str, layout: str) -> Read:
    return _entry_points()[f"{product_type}.{layout}"].load()  # type: ignore[no-any-return]
