"""What a batch was asked for, what of it is published, and an index of masters that tells whether one fits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "preprocessor_0002"
down_revision = "preprocessor_0001"
branch_labels = None
depends_on = None

NAME, TIME, LOCATION, HASH, WORD = sa.String(64), sa.String(32), sa.String(1024), sa.String(64), sa.String(16)


def upgrade() -> None:
    """Add the columns, and make the index of masters anew: what it held until now said too little to be used."""
    op.add_column("batches", sa.Column("body", sa.JSON))
    op.add_column("batches", sa.Column("replaces", NAME))
    op.add_column("batches", sa.Column("holder", NAME))
    op.add_column("steps", sa.Column("published", sa.Boolean, nullable=False, server_default=sa.false()))
    op.execute(
        "UPDATE steps SET published = (state = 'done') WHERE batch IN (SELECT name FROM batches WHERE state = 'done')"
    )
    op.drop_table("masters")
    op.create_table(
        "masters",
        sa.Column("location", LOCATION, nullable=False),
        sa.Column("sha256", HASH, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("batch", NAME, nullable=False),
        sa.Column("camera", sa.String(128), nullable=False),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("columns", sa.Integer, nullable=False),
        sa.Column("row_binning", sa.Integer, nullable=False),
        sa.Column("column_binning", sa.Integer, nullable=False),
        sa.Column("filter", NAME, nullable=False),
        sa.Column("band", NAME, nullable=False),
        sa.Column("unit", WORD, nullable=False),
        sa.Column("readout_mode", NAME, nullable=False),
        sa.Column("layout", NAME, nullable=False),
        sa.Column("gain", sa.Float),
        sa.Column("exposure_time", sa.Float),
        sa.Column("temperature", sa.Float),
        sa.Column("date_obs", TIME),
        sa.Column("holds", sa.JSON, nullable=False),
        sa.Column("level", sa.Float, nullable=False),
        sa.Column("read_noise_adu", sa.Float),
        sa.Column("made", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("location", "sha256", name="pk_masters"),
        sa.ForeignKeyConstraint(["batch"], ["batches.name"], name="fk_masters_batch"),
        sa.CheckConstraint("kind IN ('bias', 'dark', 'flat', 'bad_pixels')", name="ck_masters_kind"),
    )
    for column in ("kind", "batch", "date_obs"):
        op.create_index(f"ix_masters_{column}", "masters", [column])
