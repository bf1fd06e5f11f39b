"""Two targets that are the same thing become one, and nothing is lost."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from tests.unit.data.orders import NOW, night
from tests.unit.data.targets.room import CERES, Room
from toros.data.ingestion import record_product
from toros.data.permissions import Viewer
from toros.data.tables import DataProduct
from toros.errors import Permanent


def test_the_primary_keeps_its_values_and_gets_what_it_lacks(room: Room) -> None:
    kept = room.add("SN 2024abc", 10.0, 20.0, importance=5.0, tags=["a"], extras={"z": 1.0}, aliases=["p"])
    gone = room.add("ZTF24x", 10.01, 20.0, importance=7.0, cadence=2.0, classification="SN Ia", tags=["a", "b"],
                    extras={"z": 2.0, "host": "M 31"}, aliases=[{"name": "q", "source": "TNS"}])  # fmt: skip
    room.listed("both", kept.number, gone.number)
    room.listed("one", gone.number)
    room.merge("sn2024abc", "ztf24X")
    told = room.show("q")
    assert told | {
        "number": kept.number, "name": "SN 2024abc", "ra": 10.0, "importance": 5.0, "cadence": 2.0,
        "classification": "SN Ia", "tags": ["a", "b"], "extras": {"host": "M 31", "z": 1.0}, "lists": ["both", "one"],
        "aliases": [{"name": "p"}, {"name": "q", "source": "TNS"}, {"name": "ZTF24x"}],
    } == told  # fmt: skip
    assert room.count() == 1


def test_products_move(room: Room) -> None:
    kept, gone = room.add("one", 10.0, 20.0).number, room.add("two", 11.0, 20.0).number

    def recorded(session: object) -> None:
        for order in night():
            record_product(session, order, recorded=NOW)  # type: ignore[arg-type]
        session.execute(update(DataProduct).values(target_number=gone))  # type: ignore[attr-defined]

    room.database.write(recorded)
    room.merge("one", "two")
    assert (room.show("two")["number"], room.show("two")["products"]) == (kept, 5)


def test_the_latest_measurement_counts(room: Room) -> None:
    from toros.data.tables import Target

    one, two = room.add("one", 10.0, 20.0).number, room.add("two", 11.0, 20.0).number
    for number, mjd, magnitude in ((one, 60000.0, 18.0), (two, 60001.0, 17.0)):
        change = update(Target).where(Target.number == number).values(last_mjd=mjd, last_magnitude=magnitude)
        room.database.write(lambda session, change=change: session.execute(change))
    room.merge("one", "two")
    assert (room.show("one")["last_mjd"], room.show("one")["last_magnitude"]) == (60001.0, 17.0)


def test_what_cannot_be_merged_is_refused(room: Room) -> None:
    room.add("x", 10.0, 20.0, aliases=["y"])
    room.add("ceres", **CERES)
    room.add("hers", 40.0, 20.0, viewer=Viewer.of("ann", ["g"]), access="private", groups=["g"])
    for primary, secondary, says in (
        ("x", "Y", "are names of the same target already"),
        ("x", "ceres", "has a position and the other an orbit"),
        ("x", "nobody", "secondary: there is no target 'nobody'"),
    ):
        with pytest.raises(Permanent, match=says):
            room.merge(primary, secondary)
    with pytest.raises(Permanent, match="only its owner"):
        room.merge("x", "hers", viewer=Viewer.of("bob", ["g"]))
    assert room.count() == 3
