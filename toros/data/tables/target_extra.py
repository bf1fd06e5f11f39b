"""TargetExtra: what somebody wants to keep of a target beside the fields that every target has."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from toros.data.tables.base import Base, Name, Utc

__all__ = ["TargetExtra"]

VALUES = ("text", "number", "truth", "time")


def _values(kind: str) -> Index:
    """Return the index of the values of one kind; those of the other kinds are not in it."""
    here = text(f"{kind} IS NOT NULL")
    return Index(None, "name", kind, sqlite_where=here, postgresql_where=here)


class TargetExtra(Base):
    """One named value of a target, of one of four kinds.

    Attributes
    ----------
    kind : {"text", "number", "truth", "time"}
        Which of the four columns holds the value.
    text : str
        Up to 500 characters: what an index of PostgreSQL holds of any language.
    time : str
        UTC, ISO 8601.
    """

    __tablename__ = "target_extra"
    __table_args__ = (
        *[CheckConstraint(f"(kind = '{value}') = ({value} IS NOT NULL)", name=value) for value in VALUES],
        CheckConstraint("kind IN ('text', 'number', 'truth', 'time')", name="kind"),
        *[_values(value) for value in VALUES],
    )

    target: Mapped[int] = mapped_column(ForeignKey("target.number"), primary_key=True)
    name: Mapped[Name] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    text: Mapped[str | None] = mapped_column(String(500).with_variant(String(500, collation="C"), "postgresql"))
    number: Mapped[float | None]
    truth: Mapped[bool | None]
    time: Mapped[Utc | None]
