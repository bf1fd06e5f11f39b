"""What the data manager's tables have in common: one MetaData, named constraints, and a few column types."""

from __future__ import annotations

from typing import Annotated

from sqlalchemy import JSON, CheckConstraint, MetaData, String
from sqlalchemy.orm import DeclarativeBase, mapped_column

from toros.store.names import CONSTRAINT_NAMES

__all__ = ["Base", "Degrees", "FilterName", "Json", "Location", "Name", "Number", "Seconds", "Sha256", "Utc", "a_hash"]

Number = Annotated[int, mapped_column(primary_key=True)]
Location = Annotated[str, mapped_column(String(1024))]  # root:path
Name = Annotated[str, mapped_column(String(128))]
FilterName = Annotated[str, mapped_column(String(32))]
Sha256 = Annotated[str, mapped_column(String(64))]
Utc = Annotated[str, mapped_column(String(32))]  # ISO 8601 without offset; sorts as it reads
Degrees = Annotated[float, mapped_column()]  # ICRS
Seconds = Annotated[float, mapped_column()]
Json = JSON


class Base(DeclarativeBase):
    """Base of the data manager's nouns."""

    metadata = MetaData(naming_convention=CONSTRAINT_NAMES)


def a_hash(column: str) -> CheckConstraint:
    """Return the law that a column holds a SHA-256 in hexadecimal."""
    return CheckConstraint(f"length({column}) = 64", name=column)
