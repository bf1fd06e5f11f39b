"""People as the identities that nodes keep, so that every desk goes on checking when the data manager is down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from toros.data.tables import User
from workorders.desk import Person

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["people"]


def people(session: Session) -> list[Person]:
    """Return everybody who has or had a token, by name; of those who may not ask now, the token is revoked."""
    users = session.scalars(select(User).where(User.token_sha256.is_not(None)).order_by(User.name))
    return [
        Person.model_validate({
            "name": user.name, "sha256": user.token_sha256, "role": user.role, "requests": user.token_requests or [],
            "expires": user.token_expires, "revoked": user.token_revoked or user.disabled,
        })
        for user in users
    ]  # fmt: skip
