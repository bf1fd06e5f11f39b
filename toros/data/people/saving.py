"""Making people known, and changing what is said of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select

from toros.data.people.viewing import groups_of_user
from toros.data.permissions import Viewer
from toros.data.tables import Membership, User, UserGroup
from toros.errors import Permanent
from workorders.roles import RESERVED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

    from workorders.people import SaveUser

__all__ = ["save_user"]

OWN = ("full_name", "email", "password_hash")  # what people say of themselves
GIVEN = (*OWN, "role", "disabled")
OTHERS = ("role", "groups", "disabled", "token_sha256")


def save_user(
    session: Session, order: SaveUser, *, viewer: Viewer, recorded: str, reserved: Iterable[str] = ()
) -> dict[str, Any]:
    """Make a person known, or change what is said of one; the same again changes nothing.

    Parameters
    ----------
    session : Session
        Inside a transaction.
    viewer : Viewer
        Who orders it: somebody who sees everything, or the person.
    recorded : str
        The time now; UTC, ISO 8601.
    reserved : iterable of str
        Names of this network's daemons, beside those that no person has anywhere.

    Returns
    -------
    dict
        `user`, `name`, `made`, `role`, `groups`, `disabled`, and `token`: "valid", "revoked" or "none".

    Raises
    ------
    Permanent
        It is not the viewer's to change, the name is a daemon's, or the token is somebody else's.
    """
    _may_change(order, viewer)
    user = session.scalar(select(User).where(User.name == order.name))
    made = user is None
    if user is None:
        _check_name(session, order.name, reserved)
        user = User(name=order.name, role=order.role or "observer", created=recorded, changed=recorded,
                    disabled=False, token_revoked=False)  # fmt: skip
        session.add(user)
    for name in GIVEN:
        value = getattr(order, name)
        if value is not None and value != getattr(user, name):
            setattr(user, name, value)
    _set_token(session, user, order, recorded)
    if session.is_modified(user):
        user.changed = recorded
    session.flush()
    if order.groups is not None:
        _set_groups(session, user, order.groups, recorded)
    token = "none" if user.token_sha256 is None else "revoked" if user.token_revoked or user.disabled else "valid"
    return {"user": user.number, "name": user.name, "made": made, "role": user.role,
            "groups": groups_of_user(session, user.number), "disabled": user.disabled, "token": token}  # fmt: skip


def _may_change(order: SaveUser, viewer: Viewer) -> None:
    """Raise Permanent where a viewer may not order this: people say of themselves only how they are called."""
    if viewer.everything:
        return
    if viewer.name != order.name:
        raise Permanent(f"name: only an administrator changes {order.name!r}, or makes a person known")
    asked = [name for name in OTHERS if getattr(order, name) is not None]
    if asked:
        raise Permanent(f"{asked[0]}: only an administrator changes it")


def _check_name(session: Session, name: str, reserved: Iterable[str]) -> None:
    """Raise Permanent where no person may have this name."""
    taken = {each.casefold() for each in (*RESERVED, *reserved)}
    if name.casefold() in taken:
        raise Permanent(f"name: {name!r} is a daemon's name, or means somebody else")
    if any(each.casefold() == name.casefold() for each in session.scalars(select(User.name))):
        raise Permanent(f"name: {name!r} differs from another person's name in nothing but capital letters")


def _set_token(session: Session, user: User, order: SaveUser, recorded: str) -> None:
    if order.revoke_token and user.token_sha256 is not None:
        user.token_revoked = True
    if order.token_sha256 is None or order.token_sha256 == user.token_sha256:
        return
    if session.scalar(select(User.name).where(User.token_sha256 == order.token_sha256)) is not None:
        raise Permanent("token_sha256: it is another person's token")
    user.token_sha256, user.token_revoked, user.token_made = order.token_sha256, False, recorded
    user.token_requests, user.token_expires = order.token_requests, order.token_expires


def _set_groups(session: Session, user: User, names: Iterable[str], recorded: str) -> None:
    """Let a person belong to these groups and no others; make those that are not there yet."""
    wanted = set(names)
    known = {group.name: group for group in session.scalars(select(UserGroup).where(UserGroup.name.in_(wanted)))}
    for name in sorted(wanted - known.keys()):
        known[name] = UserGroup(name=name, created=recorded)
        session.add(known[name])
    session.flush()
    numbers = {group.number for group in known.values()}
    there = set(session.scalars(select(Membership.user_group).where(Membership.user == user.number)))
    if there - numbers:
        session.execute(
            delete(Membership).where(Membership.user == user.number, Membership.user_group.in_(there - numbers))
        )
    session.add_all(Membership(user=user.number, user_group=number) for number in sorted(numbers - there))
    session.flush()
