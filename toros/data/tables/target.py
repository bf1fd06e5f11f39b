"""Target: a thing in the sky, by its position or by the elements of its orbit."""

from __future__ import annotations

from typing import Annotated

from sqlalchemy import BigInteger, CheckConstraint, Computed, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from toros.data.tables.base import Base, Degrees, Number, Utc
from workorders.targets import COMMON_ELEMENTS, SCHEMES

__all__ = ["Target"]

# A name sorts by its characters in every database, whatever the server's language.
Sorted = Annotated[str, mapped_column(String(128).with_variant(String(128, collation="C"), "postgresql"))]
Text = Annotated[str, mapped_column(String(2000))]

SORTED = (
    "ra", "dec", "galactic_latitude", "importance", "cadence", "last_mjd", "last_magnitude", "classification",
    "constellation", "owner", "created", "changed",
)  # fmt: skip


def _complete(scheme: str) -> CheckConstraint:
    """Return the law that an orbit has the elements of its scheme."""
    needed = " AND ".join(f"{name} IS NOT NULL" for name in (*COMMON_ELEMENTS, *SCHEMES[scheme]))
    return CheckConstraint(f"scheme IS NULL OR scheme <> '{scheme}' OR ({needed})", name=scheme)


class Target(Base):
    """A thing in the sky.

    Attributes
    ----------
    number : int
        Never used twice.
    name : str
        Its main name; all its names are in `target_name`.
    kind : {"sidereal", "non_sidereal"}
        Whether its place is `ra` and `dec`, or follows from orbital elements.
    ra, dec : float
        ICRS at `epoch`; degrees.
    epoch : float or None
        Julian year of the position; 2000 where it is not told.
    pm_ra, pm_dec : float or None
        Proper motion; milliarcseconds a year, pm_ra with the cosine of the declination in it.
    parallax : float or None
        Milliarcseconds.
    scheme : {"mpc_minor_planet", "mpc_comet", "jpl_major_planet"} or None
        Which elements describe the orbit.
    epoch_of_elements, epoch_of_perihelion : float or None
        MJD, TDB.
    inclination, lng_asc_node, arg_of_perihelion, mean_anomaly : float or None
        Degrees, ecliptic and equinox of J2000.
    eccentricity : float or None
        No unit.
    semimajor_axis, perihdist : float or None
        Astronomical units.
    mean_daily_motion : float or None
        Degrees a day.
    healpix : int or None
        Pixel of the position; nested order 29. None for what moves.
    importance : float or None
        0 to 10.
    cadence : float or None
        How often it should be observed; days.
    rate : float or None
        importance / cadence: how fast its priority grows, a day. Kept by the database.
    access : {"open", "public", "private"}
        Who sees it: anybody, any user, its owner and groups.
    galactic_longitude, galactic_latitude : float or None
        Degrees.
    constellation : str or None
        IAU's three letters.
    last_mjd, last_magnitude : float or None
        Time (MJD, UTC) and brightness of the latest measurement.
    created, changed : str
        UTC, ISO 8601.
    """

    __tablename__ = "target"
    __table_args__ = (
        CheckConstraint("kind IN ('sidereal', 'non_sidereal')", name="kind"),
        CheckConstraint(
            "kind <> 'sidereal' OR (ra IS NOT NULL AND dec IS NOT NULL AND healpix IS NOT NULL)", name="position"
        ),
        CheckConstraint("kind <> 'non_sidereal' OR (scheme IS NOT NULL AND healpix IS NULL)", name="orbit"),
        CheckConstraint("ra >= 0 AND ra < 360", name="ra"),
        CheckConstraint("dec >= -90 AND dec <= 90", name="dec"),
        CheckConstraint("healpix >= 0 AND healpix < 3458764513820540928", name="healpix"),
        CheckConstraint("scheme IN ('mpc_minor_planet', 'mpc_comet', 'jpl_major_planet')", name="scheme"),
        *[_complete(scheme) for scheme in SCHEMES],
        CheckConstraint("eccentricity >= 0", name="eccentricity"),
        CheckConstraint("importance >= 0 AND importance <= 10", name="importance"),
        CheckConstraint("cadence >= 0", name="cadence"),
        CheckConstraint("access IN ('open', 'public', 'private')", name="access"),
        Index(None, "healpix", "number"),
        Index(None, "rate", "last_mjd", "number"),
        *[Index(None, column, "number") for column in SORTED],
        {"sqlite_autoincrement": True},  # readers page by number: one is never used twice
    )

    number: Mapped[Number]
    name: Mapped[Sorted] = mapped_column(unique=True)
    kind: Mapped[Annotated[str, mapped_column(String(16))]]
    ra: Mapped[Degrees | None]
    dec: Mapped[Degrees | None]
    epoch: Mapped[float | None]
    pm_ra: Mapped[float | None]
    pm_dec: Mapped[float | None]
    parallax: Mapped[float | None]
    scheme: Mapped[Annotated[str, mapped_column(String(32))] | None]
    epoch_of_elements: Mapped[float | None]
    inclination: Mapped[float | None]
    lng_asc_node: Mapped[float | None]
    arg_of_perihelion: Mapped[float | None]
    eccentricity: Mapped[float | None]
    mean_anomaly: Mapped[float | None]
    semimajor_axis: Mapped[float | None]
    mean_daily_motion: Mapped[float | None]
    perihdist: Mapped[float | None]
    epoch_of_perihelion: Mapped[float | None]
    healpix: Mapped[int | None] = mapped_column(BigInteger)
    importance: Mapped[float | None]
    cadence: Mapped[float | None]
    rate: Mapped[float | None] = mapped_column(
        Computed("CASE WHEN cadence > 0 THEN importance / cadence END", persisted=True)
    )
    classification: Mapped[Sorted | None]
    description: Mapped[Text | None]
    access: Mapped[Annotated[str, mapped_column(String(16))]]
    owner: Mapped[Sorted | None]
    galactic_longitude: Mapped[Degrees | None]
    galactic_latitude: Mapped[Degrees | None]
    constellation: Mapped[Sorted | None]
    last_mjd: Mapped[float | None]
    last_magnitude: Mapped[float | None]
    created: Mapped[Utc]
    changed: Mapped[Utc]
