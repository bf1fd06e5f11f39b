"""No search for products, measurements, people or changes reads a whole table: the databases say how they would go."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy import insert
from sqlalchemy.orm import Session

from tests.support.plans import plans
from tests.unit.data.orders import NOW, night
from tests.unit.data.targets.conftest import full_room, templates
from tests.unit.data.targets.room import Room
from toros.data.finding import find_products
from toros.data.ingestion import record_product
from toros.data.measurements.finding import find_measurements
from toros.data.measurements.ingestion import ingest_reading
from toros.data.measurements.lightcurve import Selection, read_lightcurve
from toros.data.people.finding import find_changes, find_users
from toros.data.permissions import Viewer
from toros.data.processors.options import PhotometryOptions
from toros.data.processors.registry import read_product
from toros.data.tables import Audit

__all__ = ["full_room", "templates"]

# SQLite's words for reading all rows, also by walking along their numbers; and PostgreSQL's
WHOLE = re.compile(r"^SCAN (?!CONSTANT|\()|PRIMARY KEY \(rowid[<>]\?\)|Seq Scan on", re.MULTILINE)
ALL, CID = Viewer.all_seeing(), Viewer.of("cid", ["gw"])
PRODUCTS = {
    "product_type": "calibrated", "event": "MS181101ab", "night": "2026-11-19", "observation": "OBS",
    "sha256": "0" * 64, "observatory": "CTMO", "filter": "r", "owner": "ann", "processing": "failed",
    "batch": "BATCH", "observer": "ann", "target": "NGC 4993", "product": 4, "tag": "poster",
}  # fmt: skip
SEARCHES: dict[str, Callable[..., object]] = {
    **{f"products by {name}": partial(find_products, **{name: value}) for name, value in PRODUCTS.items()},
    "products, the latest first": partial(find_products, event="MS181101ab", before=2**31 - 1),
    "measurements": partial(find_measurements, name="x", selection=Selection()),
    "measurements of a band": partial(find_measurements, name="x", selection=Selection(bands=["g"], since=5e4)),
    "the next measurements": partial(find_measurements, name="x", selection=Selection(), after="1.1"),
    "a light curve": lambda session, viewer: read_lightcurve(session, 1, viewer=viewer, selection=Selection()),
    "changes of a target": partial(find_changes, target="x"),
    "changes by somebody": partial(find_changes, target="x", by="ann"),
    "changes of an order": partial(find_changes, target="x", order_id="01J", before=9),
    "a user": partial(find_users, now=NOW, name="ann"),
    "the users of a group": partial(find_users, now=NOW, group="gw"),
}


@pytest.fixture(scope="module")
def filled(full_room: Room, tmp_path_factory: pytest.TempPathFactory) -> Room:
    full_room.add("x", 10.0, 20.0)
    table = tmp_path_factory.mktemp("plans") / "points.csv"
    table.write_text("mjd,mag,magerr,band\n58000.1,18.0,0.1,g\n58000.2,18.1,0.1,r\n")
    reading = read_product(table, "photometry", PhotometryOptions())
    ingest_reading(full_room.database.write, 1, reading, recorded=NOW)

    def fill(session: Session) -> None:
        for order in night():
            record_product(session, order, recorded=NOW)
        change = {"time": NOW, "author": "ann", "order_id": "01J", "table_name": "target", "row": 1, "target": 1}
        session.execute(insert(Audit), [change | {"action": "made", "fields": []}])

    full_room.database.write(fill)
    return full_room


@pytest.mark.parametrize("viewer", [ALL, CID], ids=["all", "cid"])
@pytest.mark.parametrize("search", SEARCHES)
def test_a_search_steps_into_an_index(filled: Room, search: str, viewer: Viewer) -> None:
    found = plans(filled.database, partial(SEARCHES[search], viewer=viewer))
    assert found
    for statement, plan in found.items():
        assert not WHOLE.search(plan), f"{statement}\n{plan}"
