"""Audit: who changed what, and by which order."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from toros.data.tables.base import Base, Json, Name, Number, Utc

__all__ = ["Audit"]


class Audit(Base):
    """One row that one order changed; written in the same transaction, and never changed itself.

    Attributes
    ----------
    time : str
        UTC, ISO 8601.
    author : str
        The person or daemon in whose name the order was.
    order_id : str
    table_name : str
        Of the row.
    row : int
        Its number; it may be gone by now.
    target : int or None
        Number of the target that the row is, or belongs to.
    action : {"made", "changed", "deleted"}
    fields : list of str
        What was set; never the values, which may be secret.
    """

    __tablename__ = "audit"
    __table_args__ = (
        CheckConstraint("action IN ('made', 'changed', 'deleted')", name="action"),
        Index(None, "target", "number"),
        Index(None, "author", "number"),
        Index(None, "order_id", "number"),
        {"sqlite_autoincrement": True},
    )

    number: Mapped[Number]
    time: Mapped[Utc]
    author: Mapped[Name]
    order_id: Mapped[str] = mapped_column(String(64))
    table_name: Mapped[str] = mapped_column(String(64))
    row: Mapped[int]
    target: Mapped[int | None]
    action: Mapped[str] = mapped_column(String(16))
    fields: Mapped[list[str]] = mapped_column(Json)
