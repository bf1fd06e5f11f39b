"""TargetList: targets that somebody keeps together."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from toros.data.tables.base import Base, Name, Number, Utc

__all__ = ["TargetList", "TargetListMember"]


class TargetList(Base):
    """A list of targets.

    Attributes
    ----------
    key : str
        The name as people type it; see `TargetName`.
    access : {"open", "public", "private"}
        Who sees the list; which of its targets somebody sees, each target says itself.
    """

    __tablename__ = "target_list"
    __table_args__ = (CheckConstraint("access IN ('open', 'public', 'private')", name="access"),)

    number: Mapped[Number]
    key: Mapped[str] = mapped_column(String(256), unique=True)
    name: Mapped[Name]
    owner: Mapped[Name | None]
    access: Mapped[str] = mapped_column(String(16))
    created: Mapped[Utc]


class TargetListMember(Base):
    """One target in one list."""

    __tablename__ = "target_list_member"
    __table_args__ = (Index(None, "target"),)

    list: Mapped[int] = mapped_column(ForeignKey("target_list.number"), primary_key=True)
    target: Mapped[int] = mapped_column(ForeignKey("target.number"), primary_key=True)
