"""People, their groups, and who changed what."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "data_manager_0006"
down_revision = "data_manager_0005"
branch_labels = None
depends_on = None

NAME, WORD, TIME, HASH, ID = sa.String(128), sa.String(16), sa.String(32), sa.String(64), sa.String(64)
USER_NAME = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")
ROLES, ACTIONS = "'observer', 'scientist', 'admin'", "'made', 'changed', 'deleted'"
INDEXES = (("target", "number"), ("author", "number"), ("order_id", "number"))


def upgrade() -> None:
    """Make the tables of people and of the audit."""
    _users()
    _groups()
    _audit()


def _users() -> None:
    op.create_table(
        "user",
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("name", USER_NAME, nullable=False),
        sa.Column("full_name", NAME),
        sa.Column("email", sa.String(254)),
        sa.Column("role", WORD, nullable=False),
        sa.Column("disabled", sa.Boolean, nullable=False),
        sa.Column("password_hash", sa.String(300)),
        sa.Column("token_sha256", HASH),
        sa.Column("token_requests", sa.JSON),
        sa.Column("token_expires", TIME),
        sa.Column("token_made", TIME),
        sa.Column("token_revoked", sa.Boolean, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("changed", TIME, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_user"),
        sa.UniqueConstraint("name", name="uq_user_name"),
        sa.UniqueConstraint("token_sha256", name="uq_user_token_sha256"),
        sa.CheckConstraint(f"role IN ({ROLES})", name="ck_user_role"),
        sa.CheckConstraint("length(token_sha256) = 64", name="ck_user_token_sha256"),
        sqlite_autoincrement=True,
    )


def _groups() -> None:
    op.create_table(
        "user_group",
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_user_group"),
        sa.UniqueConstraint("name", name="uq_user_group_name"),
    )
    op.create_table(
        "membership",
        sa.Column("user", sa.Integer, nullable=False),
        sa.Column("user_group", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("user", "user_group", name="pk_membership"),
        sa.ForeignKeyConstraint(["user"], ["user.number"], name="fk_membership_user_user"),
        sa.ForeignKeyConstraint(["user_group"], ["user_group.number"], name="fk_membership_user_group_user_group"),
    )
    op.create_index("ix_membership_user_group", "membership", ["user_group"])


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("time", TIME, nullable=False),
        sa.Column("author", NAME, nullable=False),
        sa.Column("order_id", ID, nullable=False),
        sa.Column("table_name", sa.String(64), nullable=False),
        sa.Column("row", sa.Integer, nullable=False),
        sa.Column("target", sa.Integer),
        sa.Column("action", WORD, nullable=False),
        sa.Column("fields", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_audit"),
        sa.CheckConstraint(f"action IN ({ACTIONS})", name="ck_audit_action"),
        sqlite_autoincrement=True,
    )
    for columns in INDEXES:
        op.create_index(f"ix_audit_{'_'.join(columns)}", "audit", list(columns))
