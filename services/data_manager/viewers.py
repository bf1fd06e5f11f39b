"""Who asks the data manager, and whom it lets see what."""

from __future__ import annotations

from toros.data.permissions import Viewer
from toros.network.service import Context
from workorders import DESKS, WorkOrder

__all__ = ["viewer_of"]

OPERATOR = "operator"  # whom `toros init` makes to look after a node
NOBODY = "anonymous"  # what a desk calls who did not say


def viewer_of(order: WorkOrder, context: Context) -> Viewer:
    """Return who asks.

    Daemons and the operator see everything, and so does everybody where nobody has to say who they are.
    """
    name = None if order.user == NOBODY else order.user
    if not context.config.security.authentication or name in (*DESKS, OPERATOR):
        return Viewer(name, everything=True)
    return Viewer(name)
