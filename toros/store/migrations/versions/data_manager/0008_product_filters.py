"""Indexes for every filter of products."""

from __future__ import annotations

from alembic import op

revision = "data_manager_0008"
down_revision = "data_manager_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the indexes."""
    for column in ("filter", "owner", "processing"):
        op.create_index(f"ix_data_product_{column}", "data_product", [column])
