"""User: a person who may ask."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from toros.data.tables.base import Base, Json, Name, Number, Sha256, Utc, a_hash

__all__ = ["User"]


class User(Base):
    """A person who may ask.

    Attributes
    ----------
    name : str
        Never changed: orders and owners are written under it.
    role : {"observer", "scientist", "admin"}
        What they may ask; see `workorders.roles`.
    disabled : bool
        They may ask nothing for now. People are never deleted: what they changed keeps its author.
    password_hash : str or None
        Argon2id of the portal's password.
    token_sha256 : str or None
        Of the token by which they ask desks; the token itself is nowhere.
    token_requests : list of str or None
        What the token is for; all that the role may where None.
    token_expires, token_made : str or None
        UTC, ISO 8601.
    token_revoked : bool
        The token is worth nothing.
    """

    __tablename__ = "user"
    __table_args__ = (
        CheckConstraint("role IN ('observer', 'scientist', 'admin')", name="role"),
        a_hash("token_sha256"),
        {"sqlite_autoincrement": True},
    )

    number: Mapped[Number]
    name: Mapped[str] = mapped_column(String(64).with_variant(String(64, collation="C"), "postgresql"), unique=True)
    full_name: Mapped[Name | None]
    email: Mapped[str | None] = mapped_column(String(254))
    role: Mapped[str] = mapped_column(String(16))
    disabled: Mapped[bool] = mapped_column(default=False)
    password_hash: Mapped[str | None] = mapped_column(String(300))
    token_sha256: Mapped[Sha256 | None] = mapped_column(unique=True)
    token_requests: Mapped[list[str] | None] = mapped_column(Json(none_as_null=True))
    token_expires: Mapped[Utc | None]
    token_made: Mapped[Utc | None]
    token_revoked: Mapped[bool] = mapped_column(default=False)
    created: Mapped[Utc]
    changed: Mapped[Utc]
