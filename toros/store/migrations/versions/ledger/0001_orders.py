"""Orders, their bodies, their events, the outbox, and the law on their moves."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from toros.store import moves

revision = "ledger_0001"
down_revision = None
branch_labels = ("ledger",)
depends_on = None

NAME, STATE, TIME = sa.String(64), sa.String(16), sa.String(32)


def upgrade() -> None:
    """Make the ledger's tables, then the triggers that guard them."""
    _orders()
    _beside_orders()
    _outbox()
    law = op.create_table(
        "moves",
        sa.Column("kind", STATE, primary_key=True),
        sa.Column("earlier", STATE, primary_key=True),
        sa.Column("later", STATE, primary_key=True),
    )
    op.bulk_insert(law, moves.rows())
    dialect = op.get_bind().dialect.name
    for statement in moves.triggers("sqlite" if dialect == "sqlite" else "postgresql"):
        op.get_bind().exec_driver_sql(statement)


def _orders() -> None:
    op.create_table(
        "orders",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("id", NAME, nullable=False, unique=True),
        sa.Column("request", NAME, nullable=False),
        sa.Column("lane", sa.String(32), nullable=False),
        sa.Column("state", STATE, nullable=False),
        sa.Column("priority", sa.Double, nullable=False),
        sa.Column("due", TIME, nullable=False),
        sa.Column("expires", TIME),
        sa.Column("parent", NAME),
        sa.Column("asked_by", NAME),
        sa.Column("hash", NAME, nullable=False),
        sa.Column("fields", sa.Text, nullable=False),
        sa.Column("accepted", TIME, nullable=False),
        sa.Column("changed", TIME, nullable=False),
        sa.Column("started", TIME),
        sa.Column("finished", TIME),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("lease", sa.Integer, nullable=False),
        sa.Column("owner", sa.String(200)),
        sa.Column("beats", sa.Integer, nullable=False),
        sa.Column("fraction", sa.Double),
        sa.Column("message", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("interrupted", sa.Boolean, nullable=False),
        sa.Column("cancel_asked", sa.Text),
        sa.Column("result", sa.Text),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'done', 'buried', 'cancelled', 'expired')", name="orders_state"
        ),
        sa.CheckConstraint("priority >= 0 AND priority <= 10", name="orders_priority"),
        sa.CheckConstraint("fraction IS NULL OR (fraction >= 0 AND fraction <= 1)", name="orders_fraction"),
        sa.CheckConstraint("state <> 'running' OR owner IS NOT NULL", name="orders_running_owned"),
        sa.CheckConstraint("state <> 'buried' OR reason IS NOT NULL", name="orders_buried_reason"),
        sa.CheckConstraint(
            "(state IN ('buried', 'cancelled', 'done', 'expired')) = (finished IS NOT NULL)", name="orders_finished"
        ),
    )
    queued, caused = sa.text("state = 'queued'"), sa.text("parent IS NOT NULL")
    op.create_index("orders_claim", "orders", ["lane", sa.text("priority DESC"), "due", "number"],
                    sqlite_where=queued, postgresql_where=queued)  # fmt: skip
    op.create_index("orders_by_state", "orders", ["state", "number"])
    op.create_index("orders_by_parent", "orders", ["parent"], sqlite_where=caused, postgresql_where=caused)


def _beside_orders() -> None:
    op.create_table(
        "bodies",
        sa.Column("number", sa.Integer, sa.ForeignKey("orders.number", ondelete="CASCADE"), primary_key=True,
                  autoincrement=False),
        sa.Column("body", sa.Text, nullable=False),
    )  # fmt: skip
    op.create_table(
        "events",
        sa.Column("order_number", sa.Integer, sa.ForeignKey("orders.number", ondelete="CASCADE"), primary_key=True,
                  autoincrement=False),
        sa.Column("step", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("earlier", STATE),
        sa.Column("later", STATE, nullable=False),
        sa.Column("lease", sa.Integer, nullable=False),
        sa.Column("owner", sa.String(200)),
        sa.Column("reason", sa.Text),
        sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "cancel_notes",
        sa.Column("id", NAME, primary_key=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("written", TIME, nullable=False),
    )
    op.create_table(
        "remembered",
        sa.Column("id", NAME, primary_key=True),
        sa.Column("request", NAME, nullable=False),
        sa.Column("hash", NAME, nullable=False),
        sa.Column("accepted", TIME, nullable=False),
    )
    op.create_table(
        "horizon",
        sa.Column("single", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("forgotten", TIME, nullable=False),
        sa.CheckConstraint("single = 1", name="horizon_single"),
    )
    op.bulk_insert(sa.table("horizon", sa.column("single"), sa.column("forgotten")), [{"single": 1, "forgotten": ""}])


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("id", NAME, nullable=False, unique=True),
        sa.Column("order_number", sa.Integer, sa.ForeignKey("orders.number", ondelete="CASCADE"), nullable=False),
        sa.Column("desk", NAME, nullable=False),
        sa.Column("instance", NAME),
        sa.Column("request", NAME, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("state", STATE, nullable=False),
        sa.Column("due", TIME, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("written", TIME, nullable=False),
        sa.Column("delivered", TIME),
        sa.Column("reason", sa.Text),
        sa.CheckConstraint("state IN ('waiting', 'delivered', 'parked')", name="outbox_state"),
        sa.CheckConstraint("state <> 'parked' OR reason IS NOT NULL", name="outbox_parked_reason"),
        sa.CheckConstraint("(state = 'delivered') = (delivered IS NOT NULL)", name="outbox_delivered"),
    )
    undelivered = sa.text("state <> 'delivered'")
    op.create_index("ix_outbox_order_number", "outbox", ["order_number"])
    op.create_index("outbox_undelivered", "outbox", ["state", "number"], sqlite_where=undelivered,
                    postgresql_where=undelivered)  # fmt: skip
