"""Series of measurements, their history, and spectra."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "data_manager_0003"
down_revision = "data_manager_0002"
branch_labels = None
depends_on = None

NAME, HASH, TIME, UNIT = sa.String(128), sa.String(64), sa.String(32), sa.String(64)
SERIES = {
    "kind": sa.String(32), "band": sa.String(32), "system": sa.String(32), "unit": UNIT, "source": sa.String(64),
    "facility": NAME, "observer": NAME, "method": sa.String(64), "time_scale": sa.String(8),
    "time_reference": sa.String(16),
}  # fmt: skip
SERIES_LAWS = {
    "kind": "kind IN ('magnitude', 'flux', 'flux_per_wavelength', 'counts')",
    "time_scale": "time_scale IN ('utc', 'tdb', 'tt', 'tai')",
    "time_reference": "time_reference IN ('observatory', 'geocentre', 'heliocentre', 'barycentre')",
}
SPECTRUM_LAWS = {
    "grid": "length(grid) = 64",
    "points": "points >= 2",
    "wavelengths": "length(wavelengths) = 8 * points",
    "fluxes": "length(fluxes) = 8 * points",
    "errors": "length(errors) = 8 * points",
}


def upgrade() -> None:
    """Make the tables of measurements and spectra."""
    op.create_table(
        "series",
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("target", sa.Integer, nullable=False),
        *[sa.Column(name, type_, nullable=False) for name, type_ in SERIES.items()],
        sa.PrimaryKeyConstraint("number", name="pk_series"),
        sa.UniqueConstraint("target", *SERIES, name="uq_series_all"),
        _of("series", "target", "target"),
        *_laws("series", SERIES_LAWS),
        sqlite_autoincrement=True,
    )
    _measurements()
    _spectra()


def _measurements() -> None:
    op.create_table(
        "measurement",
        sa.Column("series", sa.Integer, nullable=False),
        sa.Column("time", sa.BigInteger, nullable=False),
        sa.Column("value", sa.Double, nullable=False),
        sa.Column("error", sa.Double),
        sa.Column("upper_limit", sa.Boolean, nullable=False),
        sa.Column("bjd", sa.Double),
        sa.Column("flags", sa.BigInteger, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("product", sa.Integer),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("recorded", TIME, nullable=False),
        sa.PrimaryKeyConstraint("series", "time", name="pk_measurement"),
        _of("measurement", "series", "series"),
        _of("measurement", "product", "data_product"),
        *_laws("measurement", {"error": "error >= 0", "revision": "revision >= 1"}),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "measurement_history",
        sa.Column("series", sa.Integer, nullable=False),
        sa.Column("time", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("value", sa.Double, nullable=False),
        sa.Column("error", sa.Double),
        sa.Column("upper_limit", sa.Boolean, nullable=False),
        sa.Column("flags", sa.BigInteger, nullable=False),
        sa.Column("product", sa.Integer),
        sa.Column("recorded", TIME, nullable=False),
        sa.Column("replaced", TIME, nullable=False),
        sa.PrimaryKeyConstraint("series", "time", "revision", name="pk_measurement_history"),
        sa.ForeignKeyConstraint(
            ["series", "time"], ["measurement.series", "measurement.time"], name="fk_measurement_history_series"
        ),
        sqlite_with_rowid=False,
    )


def _spectra() -> None:
    op.create_table(
        "spectrum",
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("target", sa.Integer, nullable=False),
        sa.Column("time", sa.BigInteger, nullable=False),
        sa.Column("facility", NAME, nullable=False),
        sa.Column("observer", NAME, nullable=False),
        sa.Column("grid", HASH, nullable=False),
        sa.Column("wavelength_unit", UNIT, nullable=False),
        sa.Column("flux_unit", UNIT, nullable=False),
        sa.Column("points", sa.Integer, nullable=False),
        sa.Column("wavelengths", sa.LargeBinary, nullable=False),
        sa.Column("fluxes", sa.LargeBinary, nullable=False),
        sa.Column("errors", sa.LargeBinary),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("product", sa.Integer),
        sa.Column("recorded", TIME, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_spectrum"),
        sa.UniqueConstraint("target", "time", "facility", "observer", "grid",
                            name="uq_spectrum_target_time_facility_observer_grid"),
        _of("spectrum", "target", "target"),
        _of("spectrum", "product", "data_product"),
        *_laws("spectrum", SPECTRUM_LAWS),
        sqlite_autoincrement=True,
    )  # fmt: skip
    op.create_index("ix_spectrum_product", "spectrum", ["product"])


def _of(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.number"], name=f"fk_{table}_{column}")


def _laws(table: str, laws: dict[str, str]) -> list[sa.CheckConstraint]:
    return [sa.CheckConstraint(law, name=f"ck_{table}_{name}") for name, law in laws.items()]
