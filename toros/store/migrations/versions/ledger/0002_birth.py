"""An order's birth stands in the order itself: no event says it again."""

from __future__ import annotations

from alembic import op

from toros.store import moves

revision = "ledger_0002"
down_revision = "ledger_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Have the database write events from an order's first move on; those that are there stay."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER IF EXISTS orders_first_event")
    else:
        op.get_bind().exec_driver_sql(moves.birth_function("orders", "order", "queued"))
