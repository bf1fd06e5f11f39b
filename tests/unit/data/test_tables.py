"""The database states the law: what may not be recorded is refused by the tables themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tests.unit.data.orders import NOW, data_manager, hash_of, night
from toros.data.ingestion import record_product
from toros.data.tables import METADATA, combination_combination

PRODUCT = {
    "location": "products:a.fits", "sha256": hash_of("a"), "size": 1, "product_type": "raw", "batch_number": 1,
    "thumbnails": {}, "marks": [], "quality": {}, "ingested_by": "X", "recorded": NOW,
}  # fmt: skip


@pytest.fixture
def session() -> Iterator[Session]:
    with data_manager() as session:
        for order in night():
            record_product(session, order, recorded=NOW)
        yield session


@pytest.mark.parametrize(
    "wrong",
    [
        {"size": -1},
        {"sha256": "abc"},
        {"ra": 360.0},
        {"ra": -0.1},
        {"dec": 90.1},
        {"exposure_time": -1.0},
        {"batch_number": 99},
        {"combination_number": 99},
        {"combination_number": 1, "exposure_number": 1},
    ],
)
def test_a_product_that_cannot_be_is_refused(session: Session, wrong: dict[str, Any]) -> None:
    table = METADATA.tables["data_product"]
    with pytest.raises(IntegrityError):
        session.execute(insert(table).values(**(PRODUCT | wrong)))
    session.rollback()


def test_the_same_contents_at_the_same_place_are_recorded_once(session: Session) -> None:
    table = METADATA.tables["data_product"]
    session.execute(insert(table).values(**PRODUCT))
    with pytest.raises(IntegrityError):
        session.execute(insert(table).values(**PRODUCT))


def test_nothing_is_made_of_itself(session: Session) -> None:
    with pytest.raises(IntegrityError):
        session.execute(insert(combination_combination).values(combination=1, input=1))


def test_every_constraint_has_a_name_so_that_it_can_be_changed() -> None:
    for table in METADATA.sorted_tables:
        assert all(constraint.name for constraint in table.constraints), table.name
