"""The target of a product: the one that its order names, made where we have none of that name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toros.data.permissions import Viewer
from toros.data.targets.creating import add_target
from toros.data.targets.names import is_name, number_of
from workorders.targets import AddTarget

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from workorders.data import IngestDataProduct
    from workorders.observations import UpdateObservation

__all__ = ["target_of"]


def target_of(
    session: Session, order: IngestDataProduct | UpdateObservation, *, recorded: str, match_radius: float,
    viewer: Viewer | None = None,
) -> int | None:  # fmt: skip
    """Return the number of the target that the order of a product, or of what was observed, names.

    Where we have none of this name and the order says where it looked, one is made, or the one at that place gets the
    name. None where the order names none, or says no place. For a person only those that they may see are there; a
    daemon, or nobody in particular, makes a target that nobody owns.

    Raises
    ------
    Permanent
        A target that the viewer may not see has the name: all that is told is that it is taken.
    """
    if order.target is None or not is_name(order.target):  # a header may say "--"
        return None
    viewer = Viewer.all_seeing() if viewer is None or viewer.everything else viewer
    known = number_of(session, order.target, viewer)
    if known is not None or order.ra is None or order.dec is None:
        return known
    wanted = AddTarget(name=order.target, ra=order.ra, dec=order.dec)
    return add_target(session, wanted, viewer=viewer, recorded=recorded, match_radius=match_radius).number
