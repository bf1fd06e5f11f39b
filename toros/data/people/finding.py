"""People and changes as plain rows, for answers: without a password, a token, or what they were made into."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select

from toros.data.people.viewing import groups_of_user
from toros.data.permissions import Viewer, may_see_product
from toros.data.tables import Audit, DataProduct, Membership, User, UserGroup
from toros.data.targets.names import the_target
from toros.errors import Permanent

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["find_changes", "find_users"]

SHOWN = ("name", "full_name", "email", "role", "disabled", "created", "changed")


def find_users(
    session: Session, *, viewer: Viewer, now: str, name: str | None = None, group: str | None = None,
    limit: int = 100, after: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Return a page of people by name: everybody for whom nothing is hidden from, else the viewer alone.

    Parameters
    ----------
    now : str
        Tokens that ended before are told as expired; UTC, ISO 8601.
    name, group : str, optional
        Only this person; only members of this group.
    limit, after
        Most rows, and the last name of the page before.

    Returns
    -------
    dict
        `users`, plain rows with what is not known left out, and `more`.
    """
    query = select(User).order_by(User.name).limit(limit + 1)
    if not viewer.everything:
        query = query.where(User.name == (viewer.name or ""))
    if name is not None:
        query = query.where(User.name == name)
    if after is not None:
        query = query.where(User.name > after)
    if group is not None:
        members = select(Membership.user).join(UserGroup, UserGroup.number == Membership.user_group)
        query = query.where(User.number.in_(members.where(UserGroup.name == group)))
    found = list(session.scalars(query))
    return {"users": [_user(session, each, now) for each in found[:limit]], "more": len(found) > limit}


def find_changes(
    session: Session, *, viewer: Viewer, target: str | None = None, by: str | None = None, order_id: str | None = None,
    limit: int = 100, before: int | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Return a page of changes, the latest first.

    Parameters
    ----------
    target : str, optional
        Any name of the target that has changed; it must be named by those whom something is hidden from.
    by, order_id : str, optional
        Only what they, or this order, changed.
    limit, before
        Most rows, and the smallest number of the page before.

    Raises
    ------
    Permanent
        There is no such target, or none that the viewer may see; or no target is named and something is hidden from
        the viewer.
    """
    query = select(Audit).order_by(Audit.number.desc()).limit(limit + 1)
    if target is not None:
        query = query.where(Audit.target == the_target(session, target, viewer).number)
    elif not viewer.everything:
        raise Permanent("target: only an administrator sees what was changed of everything; name a target")
    if not viewer.everything:  # a product of a target that they see may be hidden from them
        seen = select(DataProduct.number).where(DataProduct.number == Audit.row, may_see_product(viewer))
        query = query.where(or_(Audit.table_name != "data_product", seen.exists()))
    for column, value in ((Audit.author, by), (Audit.order_id, order_id)):
        if value is not None:
            query = query.where(column == value)
    if before is not None:
        query = query.where(Audit.number < before)
    found = list(session.scalars(query))
    return {"changes": [_change(each) for each in found[:limit]], "more": len(found) > limit}


def _user(session: Session, user: User, now: str) -> dict[str, Any]:
    row = {name: getattr(user, name) for name in SHOWN if getattr(user, name) is not None}
    row |= {"groups": groups_of_user(session, user.number), "password": user.password_hash is not None}
    if user.token_sha256 is None:
        return row | {"token": "none"}
    expired = user.token_expires is not None and user.token_expires < now
    about = {"token_made": user.token_made, "token_expires": user.token_expires, "token_requests": user.token_requests}
    row |= {name: value for name, value in about.items() if value is not None}
    return row | {"token": "revoked" if user.token_revoked or user.disabled else "expired" if expired else "valid"}


def _change(change: Audit) -> dict[str, Any]:
    row = {"number": change.number, "time": change.time, "by": change.author, "order_id": change.order_id,
           "table": change.table_name, "row": change.row, "action": change.action,
           "fields": list(change.fields)}  # fmt: skip
    return row if change.target is None else row | {"target_number": change.target}
