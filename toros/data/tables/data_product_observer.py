"""DataProductObserver: who took a product, one a row, so that an index finds it."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from toros.data.tables.base import Base, Name

__all__ = ["DataProductObserver"]


class DataProductObserver(Base):
    """One observer of one product; their order is that of `DataProduct.observers`."""

    __tablename__ = "data_product_observer"
    __table_args__ = (Index(None, "observer", "product"),)

    product: Mapped[int] = mapped_column(ForeignKey("data_product.number"), primary_key=True)
    observer: Mapped[Name] = mapped_column(primary_key=True)
