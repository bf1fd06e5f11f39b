"""When a telescope accepted its list of targets: it is kept with the plan after the order itself is forgotten."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "alert_robot_0004"
down_revision = "alert_robot_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; of what the ledger has forgotten before, nothing is known."""
    op.add_column("plans", sa.Column("accepted", sa.String(32)))
