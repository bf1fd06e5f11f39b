"""TargetName: what a target is called, by us and by others; no name belongs to two targets."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from toros.data.tables.base import Base, Name

__all__ = ["TargetName"]


class TargetName(Base):
    """A name of a target; the main one is a row too, so that the database itself keeps all names apart.

    Attributes
    ----------
    key : str
        The name as people type it: small letters, without spaces, hyphens, underscores and brackets.
    name : str
        As it is written.
    target : int
        Whose name it is.
    source : str or None
        Which archive calls it so; None for our own name.
    main : bool
        Whether it is the target's main name; each target has one.
    """

    __tablename__ = "target_name"
    __table_args__ = (
        Index(None, "target"),
        Index("uq_target_name_main", "target", unique=True, sqlite_where=text("main"), postgresql_where=text("main")),
        Index(None, "source", "target"),
    )

    key: Mapped[str] = mapped_column(
        String(256).with_variant(String(256, collation="C"), "postgresql"), primary_key=True
    )
    name: Mapped[Name]
    target: Mapped[int] = mapped_column(ForeignKey("target.number"))
    source: Mapped[Name | None]
    main: Mapped[bool] = mapped_column(default=False)
