"""DataProductTag: words that people put on products."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from toros.data.tables.base import Base, Name

__all__ = ["DataProductTag"]


class DataProductTag(Base):
    """One word on one product."""

    __tablename__ = "data_product_tag"
    __table_args__ = (Index(None, "tag", "product"),)

    product: Mapped[int] = mapped_column(ForeignKey("data_product.number"), primary_key=True)
    tag: Mapped[Name] = mapped_column(primary_key=True)
