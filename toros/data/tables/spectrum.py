"""Spectrum: fluxes over wavelengths, at one time."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from toros.data.tables.base import Base, Name, Number, Sha256, Utc, a_hash

__all__ = ["Spectrum"]


class Spectrum(Base):
    """One spectrum; its arrays are 64 bit floats, little endian.

    Attributes
    ----------
    time : int
        Mid-exposure; microseconds since MJD 0, UTC.
    wavelength_unit, flux_unit : str
        As the FITS standard writes units.
    points : int
        How many wavelengths there are.
    errors : bytes or None
        Of the fluxes.
    grid : str
        Hash of the wavelengths: a spectrum on the same wavelengths at the same time revises this one.
    """

    __tablename__ = "spectrum"
    __table_args__ = (
        UniqueConstraint("target", "time", "facility", "observer", "grid"),
        a_hash("grid"),
        CheckConstraint("points >= 2", name="points"),
        CheckConstraint("length(wavelengths) = 8 * points", name="wavelengths"),
        CheckConstraint("length(fluxes) = 8 * points", name="fluxes"),
        CheckConstraint("length(errors) = 8 * points", name="errors"),
        {"sqlite_autoincrement": True},
    )

    number: Mapped[Number]
    target: Mapped[int] = mapped_column(ForeignKey("target.number"))
    time: Mapped[int] = mapped_column(BigInteger)
    facility: Mapped[Name]
    observer: Mapped[Name]
    grid: Mapped[Sha256]
    wavelength_unit: Mapped[str] = mapped_column(String(64))
    flux_unit: Mapped[str] = mapped_column(String(64))
    points: Mapped[int]
    wavelengths: Mapped[bytes] = mapped_column(LargeBinary)
    fluxes: Mapped[bytes] = mapped_column(LargeBinary)
    errors: Mapped[bytes | None] = mapped_column(LargeBinary)
    active: Mapped[bool]
    product: Mapped[int | None] = mapped_column(ForeignKey("data_product.number"), index=True)
    recorded: Mapped[Utc]
