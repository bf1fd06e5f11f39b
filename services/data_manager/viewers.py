"""Who asks the data manager, and whom it lets see what."""

from __future__ import annotations

from toros.data.people.viewing import viewer_named
from toros.data.permissions import Viewer
from toros.network.service import Context
from workorders import WorkOrder
from workorders.roles import NOBODY, OPERATOR, RESERVED

__all__ = ["daemons_of", "viewer_of"]


def viewer_of(order: WorkOrder, context: Context) -> Viewer:
    """Return who asks: daemons and the operator see everything, and so do all where nobody has to say who they are."""
    name = None if order.user == NOBODY else order.user
    if not context.config.security.authentication or name == OPERATOR or name in daemons_of(context):
        return Viewer(name, everything=True)
    return Viewer() if name is None else context.read(lambda session: viewer_named(session, name))


def daemons_of(context: Context) -> frozenset[str]:
    """Return the names that daemons ask under: the services', and those of their instances in this network."""
    instances = {settings.name for settings in context.config.services.values() if settings.name is not None}
    return RESERVED - {OPERATOR, NOBODY} | instances
