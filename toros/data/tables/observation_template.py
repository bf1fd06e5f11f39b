"""ObservationTemplate: parameters of an observation that are used again and again, by name."""

from __future__ import annotations

from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from toros.data.tables.base import Base, Json, Name, Number, Utc

__all__ = ["ObservationTemplate"]


class ObservationTemplate(Base):
    """Parameters for one facility; what a request says goes before.

    Attributes
    ----------
    key : str
        The name as people type it; see `TargetName`.
    """

    __tablename__ = "observation_template"

    number: Mapped[Number]
    key: Mapped[str] = mapped_column(String(256), unique=True)
    name: Mapped[Name]
    facility: Mapped[Name]
    parameters: Mapped[dict[str, Any]] = mapped_column(Json)
    owner: Mapped[Name | None]
    created: Mapped[Utc]
    changed: Mapped[Utc]
