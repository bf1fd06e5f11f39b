"""The files that an order names, inside the node's roots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from toros.errors import Permanent
from toros.reduction.inventory import Unusable, list_files, shown
from toros.reduction.piles import LEFT_OUT
from toros.store import batches
from workorders.reduction import CalibrateFrame

if TYPE_CHECKING:
    from toros.network.service import Context
    from workorders.reduction import CalibrateFileBatch, MakeMasters

__all__ = ["Files", "files_of", "late_files", "masters_folder"]


@dataclass
class Files:
    """What there is to look at.

    Attributes
    ----------
    location : str
        The folder; root:path.
    chosen : list of (Path, str)
        Absolute path and `root:path` of each FITS file.
    unusable : list of Unusable
        Those that lie outside the roots, or cannot be named.
    marks : list of str
        About the folder.
    """

    location: str
    chosen: list[tuple[Path, str]] = field(default_factory=list)
    unusable: list[Unusable] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)


def files_of(order: CalibrateFileBatch | MakeMasters | CalibrateFrame, context: Context) -> Files:
    """Return the frames that an order means.

    Raises
    ------
    Permanent
        There is no such folder or frame, or nothing in it.
    """
    if isinstance(order, CalibrateFrame):
        return _one(order.file_location, context)
    return _folder(order.file_location, context)


def masters_folder(order: CalibrateFileBatch | MakeMasters | CalibrateFrame, context: Context) -> Files | None:
    """Return the files of the folder of finished masters, where an order names one."""
    if isinstance(order, CalibrateFrame) and order.masters is not None:
        return _folder(order.masters, context)
    return None


def late_files(files: Files, batch: str, context: Context) -> list[tuple[Path, str]]:
    """Return the files that could not be used when a batch was finished, or were not there."""
    rows = context.read(lambda session: batches.frames_of(session, batch))
    # a frame that was judged against the others of its pile would be judged anew, alone
    used = {row.file for row in rows if row.state == "usable" or (row.reason or "").startswith(LEFT_OUT)}
    return [(path, location) for path, location in files.chosen if path.name not in used]


def _one(where: str, context: Context) -> Files:
    path = context.files.path(where)
    if path.is_dir():
        raise Permanent(f"{where} is a folder: give the frame, or order calibrate_file_batch")
    folder = where[: -len(path.name)].rstrip("/") if where.endswith(path.name) else where
    return Files(folder, [(path, where)])


def _folder(where: str, context: Context) -> Files:
    folder = context.files.path(where)
    if not folder.is_dir():
        raise Permanent(f"{where} is a file: give the folder that holds the frames")
    listed, marks = list_files(folder)
    if not listed:
        raise Permanent(
            f"{where} holds no FITS file (.fits, .fit, .fts, also .gz or .fz)" + "".join(f"; {m}" for m in marks)
        )
    files = Files(where, marks=marks)
    _check_places(files, listed, context)
    return files


def _check_places(files: Files, listed: Sequence[Path], context: Context) -> None:
    """Sort out the files that lie outside the roots, or whose names cannot be written."""
    where = files.location
    for path in listed:
        try:
            path.name.encode()
            location = f"{where.rstrip('/')}{'' if where.endswith((':', '/')) else '/'}{path.name}"
            files.chosen.append((context.files.path(location), location))
        except UnicodeEncodeError:
            files.unusable.append(Unusable(shown(path.name), "its name is not UTF-8 text"))
        except Permanent as error:
            files.unusable.append(Unusable(shown(path.name), shown(str(error))))
