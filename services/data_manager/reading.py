"""Which file of the roots an order may have read for whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.data_manager.viewers import viewer_of
from toros.data.permissions import may_read_file
from toros.errors import Permanent

if TYPE_CHECKING:
    from toros.data.permissions import Viewer
    from toros.network.service import Context
    from workorders import WorkOrder

__all__ = ["UPLOADS", "check_readable", "is_readable"]

UPLOADS = "products:uploads/"


def check_readable(location: str, order: WorkOrder, context: Context, *, field: str = "file_location") -> None:
    """Raise Permanent where who asks may not have this file read; whether there is such a file is not told.

    Daemons, the operator and administrators read all roots. A person reads what was uploaded, and the files of
    products that they may see.
    """
    if not is_readable(location, viewer_of(order, context), context):
        raise Permanent(f"{field}: {location} is not yours to read; allowed: files below {UPLOADS}, and files of "
                        "products that you may see")  # fmt: skip


def is_readable(location: str, viewer: Viewer, context: Context) -> bool:
    """Return whether a file may be read for a viewer, whatever links and dots its location is spelled with."""
    if viewer.everything:
        return True
    meant = context.files.location(context.files.path(location, must_exist=False))
    uploaded = viewer.name is not None and all(each.startswith(UPLOADS) for each in (location, meant))
    seen = context.read(lambda session: may_read_file(session, {location, meant}, viewer))
    return uploaded if seen is None else seen
