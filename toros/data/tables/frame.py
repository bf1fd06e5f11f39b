"""What exposures and combinations have in common: frames, known by where they lie and what they hold."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, declared_attr

from toros.data.tables.base import Base, FilterName, Location, Name, Number, Seconds, Sha256, Utc, a_hash

__all__ = ["Frame"]


class Frame(Base):
    """A frame.

    Attributes
    ----------
    location : str
        `root:path` of its file.
    sha256 : str
        Hash of the file's bytes, hexadecimal.
    kind : str or None
        "bias", "dark", "flat", "light" of an exposure; "master_bias", "calibrated" and so on of a combination.
    date_obs : str or None
        Start of the exposure; UTC, ISO 8601.
    exposure_time : float or None
        Seconds.
    """

    __abstract__ = True

    number: Mapped[Number]
    location: Mapped[Location]
    sha256: Mapped[Sha256]
    kind: Mapped[Name | None]
    date_obs: Mapped[Utc | None]
    exposure_time: Mapped[Seconds | None]
    filter: Mapped[FilterName | None]

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Any, ...]:  # noqa: N805 - SQLAlchemy's spelling
        """Return the laws that hold for every frame."""
        return (
            UniqueConstraint("sha256", "location"),
            a_hash("sha256"),
            CheckConstraint("exposure_time >= 0", name="exposure_time"),
        )
