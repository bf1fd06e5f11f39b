"""Batches, exposures, combinations with what they came from, and products."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "data_manager_0001"
down_revision = None
branch_labels = ("data_manager",)
depends_on = None

NAME, HASH, TIME, FILTER, LOCATION = sa.String(128), sa.String(64), sa.String(32), sa.String(32), sa.String(1024)


def upgrade() -> None:
    """Make the data manager's tables."""
    _batches()
    _frames("exposure")
    _frames("combination", sa.Column("recorded", TIME))
    _link("batch_exposure", batch="file_batch", exposure="exposure")
    _link("combination_exposure", combination="combination", exposure="exposure")
    _link("combination_combination", sa.CheckConstraint("combination <> input", name="not_of_itself"),
          combination="combination", input="combination")  # fmt: skip
    _products()


def _batches() -> None:
    op.create_table(
        "file_batch",
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("location", LOCATION, nullable=False),
        sa.Column("night", NAME),
        sa.Column("observation", NAME),
        sa.Column("target", NAME),
        sa.Column("event", NAME),
        sa.Column("recorded", TIME, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_file_batch"),
        sa.UniqueConstraint("name", name="uq_file_batch_name"),
    )
    _index("file_batch", "night", "observation", "target", "event")


def _frames(table: str, *more: sa.Column[Any]) -> None:
    op.create_table(
        table,
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("location", LOCATION, nullable=False),
        sa.Column("sha256", HASH, nullable=False),
        sa.Column("kind", NAME),
        sa.Column("date_obs", TIME),
        sa.Column("exposure_time", sa.Double),
        sa.Column("filter", FILTER),
        *more,
        sa.PrimaryKeyConstraint("number", name=f"pk_{table}"),
        sa.UniqueConstraint("sha256", "location", name=f"uq_{table}_sha256_location"),
        sa.CheckConstraint("length(sha256) = 64", name=f"ck_{table}_sha256"),
        sa.CheckConstraint("exposure_time >= 0", name=f"ck_{table}_exposure_time"),
    )


def _link(table: str, *laws: sa.CheckConstraint, **columns: str) -> None:
    """Make a table that links two others; the column that is looked up backwards gets an index."""
    for law in laws:
        law.name = f"ck_{table}_{law.name}"
    op.create_table(
        table,
        *[sa.Column(name, sa.Integer, nullable=False) for name in columns],
        sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}"),
        *[sa.ForeignKeyConstraint([name], [f"{other}.number"], name=f"fk_{table}_{name}")
          for name, other in columns.items()],
        *laws,
    )  # fmt: skip
    _index(table, list(columns)[1])


def _products() -> None:
    op.create_table(
        "data_product",
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("location", LOCATION, nullable=False),
        sa.Column("sha256", HASH, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("product_type", NAME, nullable=False),
        sa.Column("batch_number", sa.Integer, nullable=False),
        sa.Column("combination_number", sa.Integer),
        sa.Column("exposure_number", sa.Integer),
        sa.Column("night", NAME),
        sa.Column("target", NAME),
        sa.Column("event", NAME),
        sa.Column("observation", NAME),
        sa.Column("ra", sa.Double),
        sa.Column("dec", sa.Double),
        sa.Column("date_obs", TIME),
        sa.Column("exposure_time", sa.Double),
        sa.Column("filter", FILTER),
        sa.Column("thumbnails", sa.JSON, nullable=False),
        sa.Column("marks", sa.JSON, nullable=False),
        sa.Column("quality", sa.JSON, nullable=False),
        sa.Column("ingested_by", NAME, nullable=False),
        sa.Column("recorded", TIME, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_data_product"),
        sa.UniqueConstraint("sha256", "location", name="uq_data_product_sha256_location"),
        *[sa.ForeignKeyConstraint([f"{noun}_number"], [f"{table}.number"], name=f"fk_data_product_{noun}_number")
          for noun, table in (("batch", "file_batch"), ("combination", "combination"), ("exposure", "exposure"))],
        *[sa.CheckConstraint(law, name=f"ck_data_product_{name}") for name, law in LAWS.items()],
        sqlite_autoincrement=True,
    )  # fmt: skip
    _index("data_product", "product_type", "batch_number", "combination_number", "exposure_number", "night", "target",
           "event", "observation")  # fmt: skip


LAWS = {
    "sha256": "length(sha256) = 64",
    "size": "size >= 0",
    "ra": "ra >= 0 AND ra < 360",
    "dec": "dec >= -90 AND dec <= 90",
    "exposure_time": "exposure_time >= 0",
    "one_frame": "combination_number IS NULL OR exposure_number IS NULL",
}


def _index(table: str, *columns: str) -> None:
    for column in columns:
        op.create_index(f"ix_{table}_{column}", table, [column])
