"""The migrations make exactly the tables that the code knows, in SQLite and in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import CheckConstraint, ForeignKeyConstraint, MetaData, UniqueConstraint
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from tests.unit.data.orders import NOW, night
from toros.data.finding import find_products
from toros.data.ingestion import record_product
from toros.data.tables import METADATA
from toros.store.database import Database


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path}/data_manager.sqlite"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").url()
    database = Database(url, service="data_manager")
    database.prepare(METADATA)
    yield database
    database.close()


def facts(metadata: MetaData) -> dict[str, Any]:
    """Return what a schema says: columns, keys, uniqueness, laws, indexes."""
    return {
        table.name: (
            {(c.name, c.nullable, c.primary_key, _kind(c.type)) for c in table.columns},
            {tuple(c.columns.keys()) for c in table.constraints if isinstance(c, UniqueConstraint)},
            {(*c.column_keys, c.referred_table.name) for c in table.constraints if isinstance(c, ForeignKeyConstraint)},
            {c.name for c in table.constraints if isinstance(c, CheckConstraint)},
            {(i.name, tuple(i.columns.keys())) for i in table.indexes},
        )
        for table in metadata.sorted_tables
    }


def _kind(type_: TypeEngine[Any]) -> str:
    """Return the kind of a column; databases have different words for 64 bit floats."""
    return type(type_.as_generic()).__name__.replace("Double", "Float")


def test_migrations_make_the_tables_of_the_code(database: Database) -> None:
    found = MetaData()

    def reflect(session: Session) -> None:
        found.reflect(session.connection(), only=list(METADATA.tables), resolve_fks=False)

    database.read(reflect)
    assert facts(found) == facts(METADATA)


def test_a_night_is_recorded_and_found_again(database: Database) -> None:
    for order in [*reversed(night()), *night()]:
        database.write(lambda session, order=order: record_product(session, order, recorded=NOW))
    answer = database.read(lambda session: find_products(session, event="MS181101ab"))
    assert sorted(each["date_obs"] for each in answer["products"]) == [
        "2026-11-20T02:00:00.000", "2026-11-20T02:01:00.000",
    ]  # fmt: skip
    assert [len(each["inputs"]) for each in answer["products"]] == [4, 4]
    assert len(database.read(find_products)["products"]) == 5
