"""UserGroup: people who share what is private."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from toros.data.tables.base import Base, Number, Utc

__all__ = ["Membership", "UserGroup"]


class UserGroup(Base):
    """A group of people; rows are shared with it under its name."""

    __tablename__ = "user_group"

    number: Mapped[Number]
    name: Mapped[str] = mapped_column(String(64), unique=True)
    created: Mapped[Utc]


class Membership(Base):
    """One person in one group."""

    __tablename__ = "membership"
    __table_args__ = (Index(None, "user_group"),)

    user: Mapped[int] = mapped_column(ForeignKey("user.number"), primary_key=True)
    user_group: Mapped[int] = mapped_column(ForeignKey("user_group.number"), primary_key=True)
