"""DataProductGroup: the groups of people that see a private product."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from toros.data.tables.base import Base, Name

__all__ = ["DataProductGroup"]


class DataProductGroup(Base):
    """One group that sees one product."""

    __tablename__ = "data_product_group"
    __table_args__ = (Index(None, "group_name", "product"),)

    product: Mapped[int] = mapped_column(ForeignKey("data_product.number"), primary_key=True)
    group_name: Mapped[Name] = mapped_column(primary_key=True)
