"""Batches, their frames and steps, and the index of masters."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "preprocessor_0001"
down_revision = None
branch_labels = ("preprocessor",)
depends_on = None

NAME, TIME, LOCATION, HASH, WORD = sa.String(64), sa.String(32), sa.String(1024), sa.String(64), sa.String(8)


def upgrade() -> None:
    """Make the preprocessor's tables."""
    _batches()
    _frames()
    _steps()
    _masters()


def _batches() -> None:
    op.create_table(
        "batches",
        sa.Column("name", NAME, nullable=False),
        sa.Column("location", LOCATION, nullable=False),
        sa.Column("night", sa.String(10)),
        sa.Column("state", WORD, nullable=False),
        sa.Column("started", TIME, nullable=False),
        sa.Column("finished", TIME),
        sa.Column("result", sa.JSON),
        sa.PrimaryKeyConstraint("name", name="pk_batches"),
        sa.CheckConstraint("state IN ('open', 'done')", name="ck_batches_state"),
    )
    op.create_index("ix_batches_location", "batches", ["location"])
    op.create_index("ix_batches_night", "batches", ["night"])


def _frames() -> None:
    op.create_table(
        "frames",
        sa.Column("batch", NAME, nullable=False),
        sa.Column("file", sa.String(255), nullable=False),
        sa.Column("kind", WORD),
        sa.Column("master", sa.Boolean, nullable=False),
        sa.Column("sha256", HASH),
        sa.Column("state", WORD, nullable=False),
        sa.Column("reason", sa.String(1000)),
        sa.PrimaryKeyConstraint("batch", "file", name="pk_frames"),
        sa.ForeignKeyConstraint(["batch"], ["batches.name"], name="fk_frames_batch"),
        sa.CheckConstraint("state IN ('usable', 'unusable')", name="ck_frames_state"),
        sa.CheckConstraint("(state = 'unusable') = (reason IS NOT NULL)", name="ck_frames_reason"),
    )


def _steps() -> None:
    op.create_table(
        "steps",
        sa.Column("batch", NAME, nullable=False),
        sa.Column("product", sa.String(255), nullable=False),
        sa.Column("step", sa.String(32), nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("recipe", HASH),
        sa.Column("location", LOCATION),
        sa.Column("sha256", HASH),
        sa.Column("size", sa.BigInteger),
        sa.Column("details", sa.JSON, nullable=False),
        sa.Column("reason", sa.String(1000)),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("changed", TIME, nullable=False),
        sa.PrimaryKeyConstraint("batch", "product", "step", name="pk_steps"),
        sa.ForeignKeyConstraint(["batch"], ["batches.name"], name="fk_steps_batch"),
        sa.CheckConstraint("state IN ('done', 'failed')", name="ck_steps_state"),
        sa.CheckConstraint("state <> 'done' OR (sha256 IS NOT NULL AND location IS NOT NULL)", name="ck_steps_done"),
    )


def _masters() -> None:
    op.create_table(
        "masters",
        sa.Column("location", LOCATION, nullable=False),
        sa.Column("sha256", HASH, nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("batch", NAME, nullable=False),
        sa.Column("camera", sa.String(128), nullable=False),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("columns", sa.Integer, nullable=False),
        sa.Column("row_binning", sa.Integer, nullable=False),
        sa.Column("column_binning", sa.Integer, nullable=False),
        sa.Column("filter", sa.String(64), nullable=False),
        sa.Column("exposure_time", sa.Float),
        sa.Column("temperature", sa.Float),
        sa.Column("date_obs", TIME),
        sa.Column("made", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("location", "sha256", name="pk_masters"),
        sa.ForeignKeyConstraint(["batch"], ["batches.name"], name="fk_masters_batch"),
        sa.CheckConstraint("kind IN ('bias', 'dark', 'flat')", name="ck_masters_kind"),
    )
    for column in ("kind", "batch", "date_obs"):
        op.create_index(f"ix_masters_{column}", "masters", [column])
