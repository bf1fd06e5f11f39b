"""A new order is in one index of its state, not in two: what is queued is found and counted in `orders_claim`."""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

revision = "ledger_0003"
down_revision = "ledger_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Leave queued orders out of the index by state, and let the index of claims tell their state without them."""
    queued, past = text("state = 'queued'"), text("state <> 'queued'")
    op.drop_index("orders_claim", "orders")
    op.create_index("orders_claim", "orders", ["lane", text("priority DESC"), "due", "number", "state"],
                    sqlite_where=queued, postgresql_where=queued)  # fmt: skip
    op.drop_index("orders_by_state", "orders")
    op.create_index("orders_by_state", "orders", ["state", "number"], sqlite_where=past, postgresql_where=past)
