"""TargetGroup: the groups of people that see a private target."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from toros.data.tables.base import Base, Name

__all__ = ["TargetGroup"]


class TargetGroup(Base):
    """One group that sees one target."""

    __tablename__ = "target_group"
    __table_args__ = (Index(None, "group_name", "target"),)

    target: Mapped[int] = mapped_column(ForeignKey("target.number"), primary_key=True)
    group_name: Mapped[Name] = mapped_column(primary_key=True)
