"""Whatever changes a row that matters leaves its author, and what is taken back leaves nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from tests.unit.data.targets.room import ALL, NOW, Room, order
from toros.data.auditing import WATCHED, Author, recorded
from toros.data.people.finding import find_changes
from toros.data.permissions import Viewer
from toros.data.tables import METADATA, Audit, Measurement, Series, Target, TargetName, TargetTag
from toros.data.targets.creating import add_target
from toros.data.targets.importing.prepared import prepared
from toros.data.targets.importing.rows import Header, Row
from toros.data.targets.importing.taking import Taker
from toros.data.targets.lists import add_to_list
from toros.data.targets.merging import merge_targets
from toros.data.targets.updating import update_target
from toros.errors import Permanent
from workorders.targets import UpdateTarget

ANN = Author("ann", "order-1", NOW)


def changed(room: Room, change: Callable[[Session], Any]) -> list[tuple[str, int, str, list[str]]]:
    """Make a change under the eyes of the audit and return what that wrote down."""

    def watched(session: Session) -> list[tuple[str, int, str, list[str]]]:
        last = session.scalar(select(Audit.number).order_by(Audit.number.desc()).limit(1)) or 0
        with recorded(session, ANN):
            change(session)
        rows = session.scalars(select(Audit).where(Audit.number > last).order_by(Audit.number))
        return [(row.table_name, row.row, row.action, row.fields) for row in rows]

    return room.database.write(watched)


def an_update(**fields: Any) -> Callable[[Session], Any]:
    asked = UpdateTarget.model_validate({"target": "A", **fields})
    return lambda session: update_target(session, asked, viewer=ALL, recorded="2026-11-21T00:00:00.000")


def test_what_is_watched_exists() -> None:
    for name, part in WATCHED.items():
        assert part.by in METADATA.tables[name].columns and part.of in METADATA.tables
        assert part.only <= set(METADATA.tables[name].columns.keys())


def test_a_target_made_is_one_row_whatever_hangs_on_it(room: Room) -> None:
    asked = order("A", 10.0, 20.0, aliases=["B"], tags=["gw"], extras={"redshift": 0.1}, access="private",
                  groups=["novae"])  # fmt: skip
    made = changed(room, lambda session: add_target(session, asked, viewer=ALL, recorded=NOW, match_radius=3.0))
    ((table, number, action, fields),) = made
    assert (table, number, action) == ("target", 1, "made")
    assert {"name", "ra", "access", "names", "tags", "extras", "groups"} <= set(fields)
    again = changed(room, lambda session: add_target(session, asked, viewer=ALL, recorded=NOW, match_radius=3.0))
    assert again == []


def test_a_target_that_is_imported_is_told_like_one_that_is_added(room: Room) -> None:
    def imported(*cells: str, **how: Any) -> list[tuple[str, int, str, list[str]]]:
        row = Header(["name", "ra", "dec", "name1", "tags", "redshift"]).read(2, cells)
        assert isinstance(row, Row)
        taker = Taker(ALL, recorded=NOW, match_radius=3.0, **how)
        return changed(room, lambda session: taker.take(session, prepared([row], 3.0)[0]))

    ((table, number, action, fields),) = imported("A", "10", "20", "B", "gw", "0.1")
    assert (table, number, action) == ("target", 1, "made")
    assert {"name", "ra", "access", "names", "tags", "extras"} <= set(fields) and "parallax" not in fields
    assert imported("A", "10", "20", "B", "gw", "0.1") == []
    assert imported("A", "10", "20", "C", "gw", "0.1") == [("target", 1, "changed", ["names"])]
    assert imported("A", "10", "20", "C", "gw", "0.2", dry_run=True) == []


def test_what_is_said_of_a_target_is_told_by_its_name_and_without_its_value(room: Room) -> None:
    room.add("A", 10.0, 20.0)
    assert changed(room, an_update(classification="nova", tags=["x"])) == [
        ("target", 1, "changed", ["classification", "tags"])
    ]
    assert changed(room, an_update(classification="nova", tags=["x"])) == []
    assert changed(room, an_update(name="Z")) == [("target", 1, "changed", ["name", "names"])]


def test_a_merge_names_both_targets(room: Room) -> None:
    room.add("A", 10.0, 20.0)
    room.add("B", 50.0, 20.0)
    rows = changed(room, lambda session: merge_targets(session, "A", "B", viewer=ALL, recorded=NOW))
    assert ("target", 2, "deleted", []) in rows
    assert any(row[:3] == ("target", 1, "changed") and "names" in row[3] for row in rows)


def test_a_list_is_told_once_however_many_come_into_it(room: Room) -> None:
    numbers = [room.add(f"T{i}", 10.0 + i, 20.0).number for i in range(20)]
    rows = changed(room, lambda session: add_to_list(session, "L", numbers, viewer=ALL, recorded=NOW))
    ((table, number, action, fields),) = rows
    assert (table, number, action) == ("target_list", 1, "made") and "members" in fields
    assert changed(room, lambda session: add_to_list(session, "L", numbers, viewer=ALL, recorded=NOW)) == []


def test_points_are_told_where_they_are_switched_and_not_where_they_come_in(room: Room) -> None:
    target = room.add("A", 10.0, 20.0).number
    texts = dict.fromkeys(("band", "system", "unit", "source", "facility", "observer", "method"), "")
    about = {"target": target, "kind": "magnitude", "time_scale": "utc", "time_reference": "observatory", **texts}

    def take_in(session: Session) -> None:
        session.execute(insert(Series).values(**about))
        point = {"series": 1, "value": 15.0, "upper_limit": False, "flags": 0, "active": True, "revision": 1,
                 "recorded": NOW}  # fmt: skip
        session.execute(insert(Measurement), [{**point, "time": time} for time in range(5)])
        session.execute(update(Target).where(Target.number == target).values(last_mjd=1.0))

    assert changed(room, take_in) == []
    switch = update(Measurement).where(Measurement.series == 1, Measurement.active).values(active=False)
    assert changed(room, lambda session: session.execute(switch)) == [("series", 1, "changed", ["active"])]
    assert changed(room, lambda session: session.execute(switch)) == []
    told = room.database.read(lambda session: find_changes(session, viewer=Viewer.of("bob"), target="a"))
    assert [(row["table"], row["by"], row["order_id"]) for row in told["changes"]] == [("series", "ann", "order-1")]


@pytest.mark.parametrize("by", ["object", "statement"])
def test_what_is_deleted_is_told(room: Room, by: str) -> None:
    room.add("A", 10.0, 20.0, tags=["x"])

    def forget(session: Session) -> None:
        session.execute(delete(TargetTag))
        session.execute(delete(TargetName).where(TargetName.target == 1))
        if by == "object":
            session.delete(session.get_one(Target, 1))
        else:
            session.execute(delete(Target).where(Target.name == "A"))

    assert changed(room, forget) == [("target", 1, "deleted", [])]


def test_what_is_taken_back_to_a_savepoint_is_not_told(room: Room) -> None:
    room.add("A", 10.0, 20.0)

    def tried(session: Session) -> None:
        trial = session.begin_nested()
        an_update(classification="nova", tags=["x"])(session)
        trial.rollback()
        with session.begin_nested():
            an_update(importance=5.0)(session)

    assert changed(room, tried) == [("target", 1, "changed", ["importance"])]


def test_what_fails_leaves_nothing_and_the_session_is_watched_no_longer(room: Room) -> None:
    room.add("A", 10.0, 20.0)

    def fails(session: Session) -> None:
        with recorded(session, ANN):
            an_update(importance=5.0)(session)
            raise Permanent("no")

    with pytest.raises(Permanent):
        room.database.write(fails)
    assert room.count("audit") == 0 and "importance" not in room.show("A")


def test_who_may_not_see_a_target_does_not_hear_of_it(room: Room) -> None:
    room.add("A", 10.0, 20.0, access="private", viewer=Viewer.of("ann"))
    changed(room, an_update(importance=5.0))

    def seen(viewer: Viewer, **asked: Any) -> int:
        return len(room.database.read(lambda session: find_changes(session, viewer=viewer, **asked))["changes"])

    assert seen(ALL) == seen(ALL, target="A") == seen(Viewer.of("ann"), target="A") == seen(ALL, by="ann") == 1
    assert seen(ALL, order_id="another") == seen(ALL, before=1) == 0
    for viewer in (Viewer(), Viewer.of("bob")):
        with pytest.raises(Permanent, match="there is no target 'A'"):
            seen(viewer, target="A")
        with pytest.raises(Permanent, match="only an administrator"):
            seen(viewer)
