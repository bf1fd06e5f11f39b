"""Targets with their names, extras, tags, lists and groups; products know their target."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "data_manager_0002"
down_revision = "data_manager_0001"
branch_labels = None
depends_on = None

NAME, KEY, TIME, SHORT = sa.String(128), sa.String(256), sa.String(32), sa.String(16)
SORTED = sa.String(128).with_variant(sa.String(128, collation="C"), "postgresql")
SORTED_KEY = sa.String(256).with_variant(sa.String(256, collation="C"), "postgresql")
SORTED_TEXT = sa.String(500).with_variant(sa.String(500, collation="C"), "postgresql")
ACCESS = "access IN ('open', 'public', 'private')"
COMMON = ("epoch_of_elements", "inclination", "lng_asc_node", "arg_of_perihelion", "eccentricity")
SCHEMES = {
    "mpc_minor_planet": ("mean_anomaly", "semimajor_axis"),
    "mpc_comet": ("perihdist", "epoch_of_perihelion"),
    "jpl_major_planet": ("mean_daily_motion", "mean_anomaly", "semimajor_axis"),
}
LAWS = {
    "kind": "kind IN ('sidereal', 'non_sidereal')",
    "position": "kind <> 'sidereal' OR (ra IS NOT NULL AND dec IS NOT NULL AND healpix IS NOT NULL)",
    "orbit": "kind <> 'non_sidereal' OR (scheme IS NOT NULL AND healpix IS NULL)",
    "ra": "ra >= 0 AND ra < 360",
    "dec": "dec >= -90 AND dec <= 90",
    "healpix": "healpix >= 0 AND healpix < 3458764513820540928",
    "scheme": "scheme IN ('mpc_minor_planet', 'mpc_comet', 'jpl_major_planet')",
    **{
        scheme: f"scheme IS NULL OR scheme <> '{scheme}' OR "
        f"({' AND '.join(f'{name} IS NOT NULL' for name in (*COMMON, *more))})"
        for scheme, more in SCHEMES.items()
    },
    "eccentricity": "eccentricity >= 0",
    "importance": "importance >= 0 AND importance <= 10",
    "cadence": "cadence >= 0",
    "access": ACCESS,
}
NUMBERS = (
    "epoch", "pm_ra", "pm_dec", "parallax", "epoch_of_elements", "inclination", "lng_asc_node", "arg_of_perihelion",
    "eccentricity", "mean_anomaly", "semimajor_axis", "mean_daily_motion", "perihdist", "epoch_of_perihelion",
    "importance", "cadence", "galactic_longitude", "galactic_latitude", "last_mjd", "last_magnitude",
)  # fmt: skip
SORTS = (
    "ra", "dec", "galactic_latitude", "importance", "cadence", "last_mjd", "last_magnitude", "classification",
    "constellation", "owner", "created", "changed",
)  # fmt: skip
VALUES = ("text", "number", "truth", "time")


def upgrade() -> None:
    """Make the tables of targets."""
    _targets()
    _names()
    _extras()
    _link("target_tag", "target", sa.Column("tag", NAME, nullable=False))
    _link("target_group", "target", sa.Column("group_name", NAME, nullable=False))
    _lists()
    # One statement for both databases: SQLite adds a column with its constraint, but no constraint alone.
    op.execute("ALTER TABLE data_product ADD COLUMN target_number INTEGER "
               "CONSTRAINT fk_data_product_target_number REFERENCES target (number)")  # fmt: skip
    _index("data_product", "target_number")


def _targets() -> None:
    op.create_table(
        "target",
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("name", SORTED, nullable=False),
        sa.Column("kind", SHORT, nullable=False),
        sa.Column("ra", sa.Double),
        sa.Column("dec", sa.Double),
        sa.Column("scheme", sa.String(32)),
        *[sa.Column(name, sa.Double) for name in NUMBERS],
        sa.Column(
            "rate", sa.Double, sa.Computed("CASE WHEN cadence > 0 THEN importance / cadence END", persisted=True)
        ),
        sa.Column("healpix", sa.BigInteger),
        sa.Column("classification", SORTED),
        sa.Column("description", sa.String(2000)),
        sa.Column("access", SHORT, nullable=False),
        sa.Column("owner", SORTED),
        sa.Column("constellation", SORTED),
        sa.Column("created", TIME, nullable=False),
        sa.Column("changed", TIME, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_target"),
        sa.UniqueConstraint("name", name="uq_target_name"),
        *_laws("target", LAWS),
        sqlite_autoincrement=True,
    )
    _index("target", "healpix", "number")
    _index("target", "rate", "last_mjd", "number")
    for column in SORTS:
        _index("target", column, "number")


def _names() -> None:
    op.create_table(
        "target_name",
        sa.Column("key", SORTED_KEY, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("target", sa.Integer, nullable=False),
        sa.Column("source", NAME),
        sa.Column("main", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_target_name"),
        _of("target_name", "target", "target"),
    )
    _index("target_name", "target")
    _index("target_name", "source", "target")
    op.create_index("uq_target_name_main", "target_name", ["target"], unique=True,
                    sqlite_where=sa.text("main"), postgresql_where=sa.text("main"))  # fmt: skip


def _extras() -> None:
    op.create_table(
        "target_extra",
        sa.Column("target", sa.Integer, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("text", SORTED_TEXT),
        sa.Column("number", sa.Double),
        sa.Column("truth", sa.Boolean),
        sa.Column("time", TIME),
        sa.PrimaryKeyConstraint("target", "name", name="pk_target_extra"),
        _of("target_extra", "target", "target"),
        *_laws(
            "target_extra",
            {
                "kind": "kind IN ('text', 'number', 'truth', 'time')",
                **{value: f"(kind = '{value}') = ({value} IS NOT NULL)" for value in VALUES},
            },
        ),
    )
    for value in VALUES:
        _index("target_extra", "name", value)


def _link(table: str, noun: str, column: sa.Column[str]) -> None:
    """Make a table of words on targets, looked up from both sides."""
    word = column.name
    op.create_table(
        table,
        sa.Column(noun, sa.Integer, nullable=False),
        column,
        sa.PrimaryKeyConstraint(noun, word, name=f"pk_{table}"),
        _of(table, noun, noun),
    )
    _index(table, word, noun)


def _lists() -> None:
    op.create_table(
        "target_list",
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("key", KEY, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("owner", NAME),
        sa.Column("access", SHORT, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_target_list"),
        sa.UniqueConstraint("key", name="uq_target_list_key"),
        *_laws("target_list", {"access": ACCESS}),
    )
    op.create_table(
        "target_list_member",
        sa.Column("list", sa.Integer, nullable=False),
        sa.Column("target", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("list", "target", name="pk_target_list_member"),
        _of("target_list_member", "list", "target_list"),
        _of("target_list_member", "target", "target"),
    )
    _index("target_list_member", "target")


def _of(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.number"], name=f"fk_{table}_{column}")


def _laws(table: str, laws: dict[str, str]) -> list[sa.CheckConstraint]:
    return [sa.CheckConstraint(law, name=f"ck_{table}_{name}") for name, law in laws.items()]


def _index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))
