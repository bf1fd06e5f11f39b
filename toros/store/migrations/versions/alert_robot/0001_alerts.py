"""Alerts, what they meant, and the observations they caused."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "alert_robot_0001"
down_revision = None
branch_labels = ("alert_robot",)
depends_on = None

TIME = sa.String(32)


def upgrade() -> None:
    """Make the alert robot's table."""
    op.create_table(
        "alerts",
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("order_id", sa.String(64), nullable=False),
        sa.Column("event", sa.String(32), nullable=False),
        sa.Column("alert_type", sa.String(32), nullable=False),
        sa.Column("time_created", TIME, nullable=False),
        sa.Column("event_time", TIME),
        sa.Column("received", TIME, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("significant", sa.Boolean),
        sa.Column("far", sa.Double),
        sa.Column("is_mock", sa.Boolean, nullable=False),
        sa.Column("location", sa.String(1024), nullable=False),
        sa.Column("observation", sa.String(64)),
        sa.Column("ra", sa.Double),
        sa.Column("dec", sa.Double),
        sa.Column("result", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_alerts"),
        sa.UniqueConstraint("order_id", name="uq_alerts_order_id"),
        sa.UniqueConstraint("hash", name="uq_alerts_hash"),
        sa.CheckConstraint("length(hash) = 64", name="ck_alerts_hash"),
        sa.CheckConstraint(
            "observation IS NULL OR (ra IS NOT NULL AND dec IS NOT NULL)", name="ck_alerts_observed_place"
        ),
    )
    op.create_index("ix_alerts_event", "alerts", ["event"])
