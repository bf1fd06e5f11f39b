"""An index for the observers of products."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "data_manager_0009"
down_revision = "data_manager_0008"
branch_labels = None
depends_on = None

EACH = {"sqlite": "json_each(observers) AS name", "postgresql": "json_array_elements_text(observers) AS name(value)"}


def upgrade() -> None:
    """Make the table, and fill it from the lists that the products have."""
    op.create_table(
        "data_product_observer",
        sa.Column("product", sa.Integer, nullable=False),
        sa.Column("observer", sa.String(128), nullable=False),
        sa.PrimaryKeyConstraint("product", "observer", name="pk_data_product_observer"),
        sa.ForeignKeyConstraint(["product"], ["data_product.number"], name="fk_data_product_observer_product"),
    )
    op.execute(
        "INSERT INTO data_product_observer (product, observer) "
        f"SELECT DISTINCT number, name.value FROM data_product, {EACH[op.get_bind().dialect.name]}"
    )
    op.create_index("ix_data_product_observer_observer_product", "data_product_observer", ["observer", "product"])
