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


TARGET = {
    "name": "x", "kind": "sidereal", "ra": 10.0, "dec": 20.0, "healpix": 1, "access": "public", "created": NOW,
    "changed": NOW,
}  # fmt: skip
COMET = {
    "kind": "non_sidereal", "ra": None, "dec": None, "healpix": None, "scheme": "mpc_comet", "epoch_of_elements": 6e4,
    "inclination": 1.0, "lng_asc_node": 1.0, "arg_of_perihelion": 1.0, "eccentricity": 0.9, "perihdist": 1.0,
    "epoch_of_perihelion": 6e4,
}  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "moving"},
        {"ra": 360.0},
        {"dec": None},
        {"healpix": None},
        {"healpix": 12 * 4**29},
        {"importance": 10.1},
        {"cadence": -1.0},
        {"access": "secret"},
        COMET | {"perihdist": None},
        COMET | {"inclination": None},
        COMET | {"scheme": "mpc_minor_planet"},
        COMET | {"scheme": None},
        COMET | {"healpix": 5},
    ],
)
def test_a_target_that_cannot_be_is_refused(session: Session, wrong: dict[str, Any]) -> None:
    table = METADATA.tables["target"]
    session.execute(insert(table).values(**(TARGET | COMET | {"name": "comet"})))
    with pytest.raises(IntegrityError):
        session.execute(insert(table).values(**(TARGET | wrong)))


@pytest.mark.parametrize("wrong", [{"number": None}, {"text": "z"}, {"kind": "text"}, {"kind": "colour"}])
def test_an_extra_has_one_value_of_its_kind(session: Session, wrong: dict[str, Any]) -> None:
    session.execute(insert(METADATA.tables["target"]).values(number=7, **TARGET))
    table = METADATA.tables["target_extra"]
    right = {"target": 7, "name": "z", "kind": "number", "number": 0.1}
    session.execute(insert(table).values(**(right | {"name": "other"})))
    with pytest.raises(IntegrityError):
        session.execute(insert(table).values(**(right | wrong)))


def test_every_constraint_has_a_name_so_that_it_can_be_changed() -> None:
    for table in METADATA.sorted_tables:
        assert all(constraint.name for constraint in table.constraints), table.name
