"""Observations with their history, templates, groups, cadences and proposals."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "data_manager_0004"
down_revision = "data_manager_0003"
branch_labels = None
depends_on = None

NAME, KEY, TIME, WORD, SENTENCE = sa.String(128), sa.String(256), sa.String(32), sa.String(32), sa.String(500)
STATUSES = "'PENDING', 'COMPLETED', 'WINDOW_EXPIRED', 'CANCELED', 'FAILURE_LIMIT_REACHED', 'NOT_ATTEMPTED'"


def upgrade() -> None:
    """Make the tables of observations."""
    _proposals()
    _templates()
    _groups()
    _cadences()
    _observations()
    _events()


def _proposals() -> None:
    op.create_table(
        "proposal",
        *_named("proposal"),
        sa.Column("title", SENTENCE),
        sa.Column("investigator", NAME),
        sa.Column("members", sa.JSON, nullable=False),
        sa.Column("facility", NAME),
        sa.Column("hours", sa.Double, nullable=False),
        sa.Column("valid_from", TIME),
        sa.Column("valid_to", TIME),
        sa.Column("closed", sa.Boolean, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("changed", TIME, nullable=False),
        *_laws("proposal", {"hours": "hours >= 0", "validity": "valid_to > valid_from"}),
        sqlite_autoincrement=True,
    )


def _templates() -> None:
    op.create_table(
        "observation_template",
        *_named("observation_template"),
        sa.Column("facility", NAME, nullable=False),
        sa.Column("parameters", sa.JSON, nullable=False),
        sa.Column("owner", NAME),
        sa.Column("created", TIME, nullable=False),
        sa.Column("changed", TIME, nullable=False),
    )


def _groups() -> None:
    op.create_table(
        "observation_group",
        *_named("observation_group"),
        sa.Column("owner", NAME),
        sa.Column("created", TIME, nullable=False),
    )


def _cadences() -> None:
    op.create_table(
        "cadence",
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("strategy", WORD, nullable=False),
        sa.Column("hours", sa.Double, nullable=False),
        sa.Column("until", TIME),
        sa.Column("most", sa.Integer),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("ended", SENTENCE),
        sa.Column("asked_by", NAME),
        sa.Column("created", TIME, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_cadence"),
        *_laws(
            "cadence",
            {
                "strategy": "strategy IN ('retry_failed', 'resume_after_failure', 'repeat')",
                "hours": "hours > 0",
                "most": "most > 0",
            },
        ),
    )


def _observations() -> None:
    table = "observation"
    op.create_table(
        table,
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("target", sa.Integer, nullable=False),
        sa.Column("facility", NAME, nullable=False),
        sa.Column("parameters", sa.JSON, nullable=False),
        sa.Column("facility_id", NAME),
        sa.Column("order_id", NAME, nullable=False),
        sa.Column("status", WORD, nullable=False),
        *[sa.Column(f"{what}_{end}", TIME) for what in ("window", "scheduled") for end in ("start", "end")],
        sa.Column("priority", sa.Double),
        sa.Column("seconds", sa.Double, nullable=False),
        sa.Column("seconds_used", sa.Double),
        *[sa.Column(name, sa.Integer) for name in ("observation_group", "proposal", "cadence", "follows")],
        sa.Column("tell", sa.JSON, nullable=False),
        sa.Column("asked_by", NAME),
        sa.Column("cancel_asked", TIME),
        sa.Column("due", TIME),
        sa.Column("created", TIME, nullable=False),
        sa.Column("changed", TIME, nullable=False),
        sa.PrimaryKeyConstraint("number", name=f"pk_{table}"),
        sa.UniqueConstraint("facility", "facility_id", name=f"uq_{table}_facility_facility_id"),
        sa.UniqueConstraint("follows", name=f"uq_{table}_follows"),
        *[_of(table, name, name) for name in ("target", "observation_group", "proposal", "cadence")],
        _of(table, "follows", "observation"),
        *_laws(
            table,
            {
                "status": f"status IN ({STATUSES})",
                "window": "window_end > window_start",
                "schedule": "scheduled_end >= scheduled_start",
                "priority": "priority >= 0 AND priority <= 10",
                "seconds": "seconds >= 0",
                "seconds_used": "seconds_used >= 0",
                "follows": "follows <> number",
            },
        ),
        sqlite_autoincrement=True,
    )
    for column in ("target", "status", "observation_group", "cadence", "asked_by"):
        _index(table, column, "number")
    _index(table, "proposal", "status")
    for column in ("order_id", "facility_id", "due"):
        _index(table, column)


def _events() -> None:
    op.create_table(
        "observation_event",
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("observation", sa.Integer, nullable=False),
        sa.Column("time", TIME, nullable=False),
        sa.Column("status", WORD, nullable=False),
        sa.Column("who", NAME),
        sa.Column("order_id", NAME),
        sa.Column("note", SENTENCE),
        sa.PrimaryKeyConstraint("number", name="pk_observation_event"),
        _of("observation_event", "observation", "observation"),
    )
    _index("observation_event", "observation", "number")


def _named(table: str) -> list[sa.schema.SchemaItem]:
    """Return the columns of what people call by a name."""
    return [
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("key", KEY, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.PrimaryKeyConstraint("number", name=f"pk_{table}"),
        sa.UniqueConstraint("key", name=f"uq_{table}_key"),
    ]


def _of(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.number"], name=f"fk_{table}_{column}")


def _laws(table: str, laws: dict[str, str]) -> list[sa.CheckConstraint]:
    return [sa.CheckConstraint(law, name=f"ck_{table}_{name}") for name, law in laws.items()]


def _index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))
