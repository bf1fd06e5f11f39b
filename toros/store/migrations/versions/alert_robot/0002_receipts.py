"""What listeners received, and where they read on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "alert_robot_0002"
down_revision = "alert_robot_0001"
branch_labels = None
depends_on = None

NAME, TEXT, TIME = sa.String(80), sa.String(256), sa.String(32)


def upgrade() -> None:
    """Make the tables of receipts and offsets."""
    op.create_table(
        "receipts",
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("source", NAME, nullable=False),
        sa.Column("topic", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("arrived", TIME, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("location", sa.String(1024), nullable=False),
        sa.Column("order_id", sa.String(64), nullable=False),
        sa.Column("times", sa.Integer, nullable=False),
        sa.Column("last_source", NAME, nullable=False),
        sa.Column("last_arrived", TIME, nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_receipts"),
        sa.UniqueConstraint("order_id", name="uq_receipts_order_id"),
        sa.CheckConstraint("length(hash) = 64", name="ck_receipts_hash"),
    )
    op.create_index("ix_receipts_arrived", "receipts", ["arrived"])
    op.create_table(
        "offsets",
        sa.Column("listener", NAME, nullable=False),
        sa.Column("topic", TEXT, nullable=False),
        sa.Column("partition", sa.Integer, nullable=False),
        sa.Column("offset", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("listener", "topic", "partition", name="pk_offsets"),
    )
