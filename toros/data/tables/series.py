"""Series: what the measurements of one light curve have in common."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from toros.data.tables.base import Base, Name, Number

__all__ = ["Series"]

DISTINGUISHING = (
    "target", "kind", "band", "system", "unit", "source", "facility", "observer", "method", "time_scale",
    "time_reference",
)  # fmt: skip


class Series(Base):
    """One target in one band, as one source with one instrument and method measured it.

    What is not known is an empty text, not NULL, so that two series never differ by nothing.

    Attributes
    ----------
    kind : {"magnitude", "flux", "flux_per_wavelength", "counts"}
    band : str
        Name of the filter.
    system : str
        "AB", "Vega", "instrumental"; of magnitudes.
    unit : str
        "mag", "uJy" and so on, as the FITS standard writes units.
    source : str
        Which archive or survey it comes from; empty for our own.
    time_scale : {"utc", "tdb", "tt", "tai"}
    time_reference : {"observatory", "geocentre", "heliocentre", "barycentre"}
        Where the light arrives at the time that is given.
    """

    __tablename__ = "series"
    __table_args__ = (
        UniqueConstraint(*DISTINGUISHING, name="uq_series_all"),
        CheckConstraint("kind IN ('magnitude', 'flux', 'flux_per_wavelength', 'counts')", name="kind"),
        CheckConstraint("time_scale IN ('utc', 'tdb', 'tt', 'tai')", name="time_scale"),
        CheckConstraint(
            "time_reference IN ('observatory', 'geocentre', 'heliocentre', 'barycentre')", name="time_reference"
        ),
        {"sqlite_autoincrement": True},
    )

    number: Mapped[Number]
    target: Mapped[int] = mapped_column(ForeignKey("target.number"))
    kind: Mapped[str] = mapped_column(String(32))
    band: Mapped[str] = mapped_column(String(32))
    system: Mapped[str] = mapped_column(String(32))
    unit: Mapped[str] = mapped_column(String(64))
    source: Mapped[str] = mapped_column(String(64))
    facility: Mapped[Name]
    observer: Mapped[Name]
    method: Mapped[str] = mapped_column(String(64))
    time_scale: Mapped[str] = mapped_column(String(8))
    time_reference: Mapped[str] = mapped_column(String(16))
