"""Each index of extras holds the values of its own kind alone: one entry for each value, not four."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "data_manager_0010"
down_revision = "data_manager_0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the indexes anew."""
    for kind in ("text", "number", "truth", "time"):
        name, here = f"ix_target_extra_name_{kind}", sa.text(f"{kind} IS NOT NULL")
        op.drop_index(name, "target_extra")
        op.create_index(name, "target_extra", ["name", kind], sqlite_where=here, postgresql_where=here)
