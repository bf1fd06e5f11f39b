"""Who asks the data manager, and whom it lets see what."""

from __future__ import annotations

from toros.data.permissions import Viewer
from toros.network.service import Context
from workorders import DESKS, WorkOrder

__all__ = ["viewer_of"]

NOBODY = "anonymous"  # what a desk calls who did not say


def viewer_of(order: WorkOrder, context: Context) -> Viewer:
    """Return who asks: daemons see everything, and so does everybody where nobody has to say who they are."""
    name = None if order.user == NOBODY else order.user
    if not context.config.security.authentication or name in DESKS:
        return Viewer(name, everything=True)
    return Viewer(name)
