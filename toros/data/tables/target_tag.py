"""TargetTag: a word that people find targets by."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from toros.data.tables.base import Base, Name

__all__ = ["TargetTag"]


class TargetTag(Base):
    """One word on one target."""

    __tablename__ = "target_tag"
    __table_args__ = (Index(None, "tag", "target"),)

    target: Mapped[int] = mapped_column(ForeignKey("target.number"), primary_key=True)
    tag: Mapped[Name] = mapped_column(primary_key=True)
