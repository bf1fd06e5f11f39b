"""Products of any origin: without a batch, of people, in the storage, processed, tagged, shared, and deleted."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "data_manager_0005"
down_revision = "data_manager_0004"
branch_labels = None
depends_on = None

NAME, HASH, TIME, FILTER, LOCATION = sa.String(128), sa.String(64), sa.String(32), sa.String(32), sa.String(1024)
LAWS = {
    "sha256": "length(sha256) = 64",
    "size": "size >= 0",
    "ra": "ra >= 0 AND ra < 360",
    "dec": "dec >= -90 AND dec <= 90",
    "exposure_time": "exposure_time >= 0",
    "one_frame": "combination_number IS NULL OR exposure_number IS NULL",
}
NEW_LAWS = {
    "access": "access IN ('open', 'public', 'private')",
    "processing": "processing IN ('waiting', 'done', 'failed')",
    "deleted": "(deleted IS NULL) = (deleted_by IS NULL)",
}
POINTERS = {"batch_number": "file_batch", "combination_number": "combination", "exposure_number": "exposure",
            "target_number": "target"}  # fmt: skip
INDEXED = ("product_type", *POINTERS, "night", "target", "event", "observation")


def upgrade() -> None:
    """Widen the table of products, and make those of their tags and groups."""
    if op.get_bind().dialect.name == "sqlite":
        _rebuild()
    else:
        op.alter_column("data_product", "batch_number", nullable=True)
        for column in _added():
            op.add_column("data_product", column)
        for name, law in NEW_LAWS.items():
            op.create_check_constraint(f"ck_data_product_{name}", "data_product", law)
    op.create_index("ix_data_product_observatory", "data_product", ["observatory"])
    for table, word in (("data_product_tag", "tag"), ("data_product_group", "group_name")):
        op.create_table(
            table,
            sa.Column("product", sa.Integer, nullable=False),
            sa.Column(word, NAME, nullable=False),
            sa.PrimaryKeyConstraint("product", word, name=f"pk_{table}"),
            sa.ForeignKeyConstraint(["product"], ["data_product.number"], name=f"fk_{table}_product"),
        )
        op.create_index(f"ix_{table}_{word}_product", table, [word, "product"])


def _rebuild() -> None:
    """Make SQLite's table anew, since it cannot make a column optional.

    The rows come back under the same numbers, so what points at them is right again before the transaction ends.
    """
    op.execute("PRAGMA defer_foreign_keys = ON")
    op.execute("CREATE TABLE data_product_before AS SELECT * FROM data_product")
    op.drop_table("data_product")
    kept = _kept()
    op.create_table(
        "data_product",
        *kept,
        *_added(),
        sa.PrimaryKeyConstraint("number", name="pk_data_product"),
        sa.UniqueConstraint("sha256", "location", name="uq_data_product_sha256_location"),
        *[sa.ForeignKeyConstraint([column], [f"{table}.number"], name=f"fk_data_product_{column}")
          for column, table in POINTERS.items()],
        *[sa.CheckConstraint(law, name=f"ck_data_product_{name}") for name, law in (LAWS | NEW_LAWS).items()],
        sqlite_autoincrement=True,
    )  # fmt: skip
    names = ", ".join(column.name for column in kept)
    op.execute(f"INSERT INTO data_product ({names}) SELECT {names} FROM data_product_before")
    op.drop_table("data_product_before")
    for column in INDEXED:
        op.create_index(f"ix_data_product_{column}", "data_product", [column])


def _kept() -> list[sa.Column[Any]]:
    return [
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("location", LOCATION, nullable=False),
        sa.Column("sha256", HASH, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("product_type", NAME, nullable=False),
        *[sa.Column(name, sa.Integer) for name in POINTERS],
        *[sa.Column(name, NAME) for name in ("night", "target", "event", "observation")],
        sa.Column("ra", sa.Double),
        sa.Column("dec", sa.Double),
        sa.Column("date_obs", TIME),
        sa.Column("exposure_time", sa.Double),
        sa.Column("filter", FILTER),
        *[sa.Column(name, sa.JSON, nullable=False) for name in ("thumbnails", "marks", "quality")],
        sa.Column("ingested_by", NAME, nullable=False),
        sa.Column("recorded", TIME, nullable=False),
    ]


def _added() -> list[sa.Column[Any]]:
    return [
        sa.Column("observatory", NAME),
        sa.Column("observers", sa.JSON, nullable=False, server_default="[]"),
        sa.Column("owner", NAME),
        sa.Column("access", sa.String(16), nullable=False, server_default="open"),
        sa.Column("description", sa.String(2000)),
        sa.Column("stored", NAME),
        sa.Column("options", sa.JSON, nullable=False, server_default="{}"),
        sa.Column("processing", sa.String(16)),
        sa.Column("report", sa.JSON),
        sa.Column("deleted", TIME),
        sa.Column("deleted_by", NAME),
        sa.Column("deleted_reason", sa.String(500)),
    ]
