"""ObservationGroup: observations that belong together."""

from __future__ import annotations

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from toros.data.tables.base import Base, Name, Number, Utc

__all__ = ["ObservationGroup"]


class ObservationGroup(Base):
    """A name that observations share.

    Attributes
    ----------
    key : str
        The name as people type it; see `TargetName`.
    """

    __tablename__ = "observation_group"

    number: Mapped[Number]
    key: Mapped[str] = mapped_column(String(256), unique=True)
    name: Mapped[Name]
    owner: Mapped[Name | None]
    created: Mapped[Utc]
