"""A data manager with products and measurements of the version before is brought to this one, and loses nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.unit.data.orders import NOW, hash_of
from toros.data.finding import find_products
from toros.data.tables import METADATA
from toros.store import upgrade
from toros.store.database import Database

BEFORE = {"ledger": 1, "data_manager": 3}
TARGET = {"name": "A", "kind": "sidereal", "ra": 1.0, "dec": 1.0, "healpix": 1, "access": "open", "created": NOW,
          "changed": NOW}  # fmt: skip
SERIES = {"target": 1, "kind": "magnitude", "band": "r", "system": "AB", "unit": "mag", "source": "", "facility": "",
          "observer": "", "method": "", "time_scale": "utc", "time_reference": "observatory"}  # fmt: skip
POINT = {"series": 1, "time": 1, "value": 15.0, "upper_limit": False, "flags": 0, "active": True, "product": 2,
         "revision": 1, "recorded": NOW}  # fmt: skip
BATCH = {"name": "B", "location": "raw:x", "recorded": NOW}


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path}/data_manager.sqlite"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").url()
    database = Database(url, service="data_manager")
    bring_to(database, BEFORE["data_manager"], monkeypatch)
    yield database
    database.close()


def bring_to(database: Database, revision: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the tables as a version before had them."""
    with monkeypatch.context() as patch:
        patch.setattr(upgrade, "heads", lambda service: BEFORE | {"data_manager": revision})
        database.prepare()


def insert(database: Database, table: str, **row: Any) -> None:
    """Insert a row with the columns that the table has now, whatever the code knows of it."""
    found = sa.table(table, *[sa.column(name, _json(name)) for name in row])
    database.write(lambda session: session.execute(sa.insert(found).values(**row)) and None)


def _json(name: str) -> sa.types.TypeEngine[Any] | None:
    return sa.JSON() if name in ("thumbnails", "marks", "quality", "observers") else None


def test_rows_and_what_points_at_them_stay(database: Database) -> None:
    insert(database, "file_batch", **BATCH)
    insert(database, "target", **TARGET)
    for name in ("a", "b"):
        insert(database, "data_product", location=f"products:{name}", sha256=hash_of(name), size=1, batch_number=1,
               product_type="raw", target_number=1, thumbnails={}, marks=["m"], quality={}, ingested_by="X",
               recorded=NOW)  # fmt: skip
    insert(database, "series", **SERIES)
    insert(database, "measurement", **POINT)
    upgrade.upgrade(database, METADATA)
    products = database.read(find_products)["products"]
    assert [(each["number"], each["file_location"], each["marks"]) for each in products] == [
        (1, "products:a", ["m"]), (2, "products:b", ["m"]),
    ]  # fmt: skip
    with pytest.raises(sa.exc.IntegrityError):  # what points at a product still does
        insert(database, "measurement", **POINT | {"time": 2, "product": 9})
    with pytest.raises(sa.exc.IntegrityError):
        database.write(lambda session: session.execute(sa.text("DELETE FROM data_product WHERE number = 2")) and None)
    table = METADATA.tables["data_product"]
    new = {"location": "products:c", "sha256": hash_of("c"), "size": 1, "product_type": "image", "thumbnails": {},
           "marks": [], "quality": {}, "ingested_by": "X", "recorded": NOW}  # fmt: skip
    made = database.write(lambda session: session.scalar(sa.insert(table).values(**new).returning(table.c.number)))
    assert made == 3


def test_products_are_found_by_the_observers_that_they_had(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    bring_to(database, 8, monkeypatch)
    for name, observers in (("a", ["J. Röntgen", "Ann", "Ann"]), ("b", []), ("c", ['Ann\'s "twin"'])):
        insert(database, "data_product", location=f"products:{name}", sha256=hash_of(name), size=1, product_type="raw",
               thumbnails={}, marks=[], quality={}, observers=observers, ingested_by="X", recorded=NOW)  # fmt: skip
    upgrade.upgrade(database, METADATA)

    def found(observer: str) -> list[str]:
        answer = database.read(lambda session: find_products(session, observer=observer))
        return [each["file_location"] for each in answer["products"]]

    assert found("Ann") == found("J. Röntgen") == ["products:a"]
    assert (found('Ann\'s "twin"'), found("An")) == (["products:c"], [])
