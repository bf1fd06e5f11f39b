"""A person as a viewer: what their role and their groups let them see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from toros.data.permissions import Viewer
from toros.data.tables import Membership, User, UserGroup
from workorders.roles import ROLES

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["groups_of_user", "viewer_named"]


def viewer_named(session: Session, name: str) -> Viewer:
    """Return a person as a viewer.

    Somebody who asks under a name that is no person's is a user without groups: an identity made by hand. A person who
    was disabled is nobody, also at a desk that has not heard of it yet.
    """
    user = session.scalar(select(User).where(User.name == name))
    if user is None:
        return Viewer(name)
    if user.disabled:
        return Viewer()
    return Viewer(name, frozenset(groups_of_user(session, user.number)), everything=ROLES[user.role].everything)


def groups_of_user(session: Session, number: int) -> list[str]:
    """Return the names of the groups that a person belongs to, sorted."""
    query = select(UserGroup.name).join(Membership, Membership.user_group == UserGroup.number)
    return sorted(session.scalars(query.where(Membership.user == number)))
