"""Observations remember since when their facility has told nothing."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "data_manager_0007"
down_revision = "data_manager_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the time; nobody is silent to begin with."""
    op.add_column("observation", sa.Column("silent_since", sa.String(32)))
