"""Names of events with up to 64 characters, what makes a story of alerts, and what was ordered at which telescope."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "alert_robot_0003"
down_revision = "alert_robot_0002"
branch_labels = None
depends_on = None

NAME, TIME, WORD, HASH = sa.String(64), sa.String(32), sa.String(16), sa.String(64)
KEPT = (
    "number, order_id, event, alert_type, time_created, event_time, received, hash, significant, far, is_mock, "
    "location, result"
)


def upgrade() -> None:
    """Make the table of alerts anew, and that of plans; an observation of before is a plan of the one telescope."""
    op.execute("CREATE TABLE alerts_before AS SELECT * FROM alerts")
    op.drop_table("alerts")
    op.create_table(
        "alerts",
        *_alerts(),
        sa.PrimaryKeyConstraint("number", name="pk_alerts"),
        sa.UniqueConstraint("order_id", name="uq_alerts_order_id"),
        sa.UniqueConstraint("hash", name="uq_alerts_hash"),
        sa.CheckConstraint("length(hash) = 64", name="ck_alerts_hash"),
    )
    op.create_index("ix_alerts_event", "alerts", ["event"])
    op.create_table(
        "plans",
        *_plans(),
        sa.PrimaryKeyConstraint("number", name="pk_plans"),
        sa.UniqueConstraint("order_id", name="uq_plans_order_id"),
        sa.CheckConstraint("length(digest) = 64", name="ck_plans_digest"),
    )
    for column in ("alert", "event"):
        op.create_index(f"ix_plans_{column}", "plans", [column])
    op.execute(
        f"INSERT INTO alerts ({KEPT}, source, kind, format, ivorn, cites, meaning) "
        f"SELECT {KEPT}, 'LVK', 'gw', 'gwalert', '', '[]', hash FROM alerts_before"
    )
    op.execute(
        "INSERT INTO plans (order_id, alert, event, telescope, digest, targets, written, expires) "
        "SELECT observation, order_id, event, 'telescope', hash, '[]', received, '9999' FROM alerts_before "
        "WHERE observation IS NOT NULL"
    )
    op.drop_table("alerts_before")
    if op.get_bind().dialect.name == "postgresql":
        last = "(SELECT coalesce(max(number), 0) + 1 FROM alerts)"
        op.execute(f"SELECT setval(pg_get_serial_sequence('alerts', 'number'), {last}, false)")


def _alerts() -> list[sa.Column[Any]]:
    return [
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("order_id", NAME, nullable=False),
        sa.Column("event", NAME, nullable=False),
        sa.Column("source", NAME, nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("format", WORD, nullable=False),
        sa.Column("ivorn", sa.String(512), nullable=False),
        sa.Column("serial", sa.Integer),
        sa.Column("cites", sa.JSON, nullable=False),
        sa.Column("meaning", HASH, nullable=False),
        sa.Column("alert_type", TIME, nullable=False),
        sa.Column("time_created", TIME, nullable=False),
        sa.Column("event_time", TIME),
        sa.Column("received", TIME, nullable=False),
        sa.Column("ranked", TIME),
        sa.Column("hash", HASH, nullable=False),
        sa.Column("significant", sa.Boolean),
        sa.Column("far", sa.Double),
        sa.Column("is_mock", sa.Boolean, nullable=False),
        sa.Column("location", sa.String(1024), nullable=False),
        sa.Column("result", sa.JSON, nullable=False),
    ]


def _plans() -> list[sa.Column[Any]]:
    return [
        sa.Column("number", sa.Integer, nullable=False),
        *[sa.Column(name, NAME, nullable=False) for name in ("order_id", "alert", "event", "telescope")],
        sa.Column("instance", NAME),
        sa.Column("digest", HASH, nullable=False),
        sa.Column("targets", sa.JSON, nullable=False),
        sa.Column("written", TIME, nullable=False),
        sa.Column("expires", TIME, nullable=False),
        sa.Column("taken_back", TIME),
    ]
