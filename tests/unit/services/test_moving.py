"""A TOM Toolkit's database becomes ours: what cannot be taken is told of, and the same again changes nothing."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from services.data_manager import SERVICE
from tests.support.tom_toolkit import fill
from tests.unit.services.rehearsal import Rehearsal, rehearsing
from tests.unit.workorders.examples import example
from toros.errors import Permanent
from workorders import VOCABULARY, parse


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Rehearsal]:
    with rehearsing(tmp_path, "data_manager", SERVICE.tables) as desk:
        path = desk.files.root("products") / "uploads" / "db.sqlite3"
        path.parent.mkdir()
        fill(f"sqlite:///{path}")
        yield desk


def do(desk: Rehearsal, request: str, **fields: Any) -> Any:
    """Carry out an order, or ask a question, and return what it tells."""
    answer: Any = SERVICE.handlers[request].function(parse({"request": request, **fields}, "data_manager"), desk)
    return answer if VOCABULARY[request].kind == "question" else dict(answer.result)


def test_targets_lists_and_photometry_move_in(desk: Rehearsal) -> None:
    told = do(desk, **example("move_in"))
    assert told | {"new": 3, "same": 0, "changed": 0, "lists": {"lists": 2, "listed": 2}} == told
    assert told["photometry"] == {"new": 3, "same": 0, "revised": 0, "refused": 3}
    assert told["not_moved"] == {"observation_records": 1, "data_products": 1, "other_reduced_data": 1}
    m31 = do(desk, "show_target", target="ngc224")["target"]
    assert m31 | {"name": "M31", "access": "open", "lists": ["Tonight"], "extras": {"distance": 785000.0,
                  "host": "Local Group"}} == m31  # fmt: skip
    gfo = do(desk, "show_target", target="sss17a")["target"]
    assert (gfo["access"], gfo["groups"], gfo["extras"]) == ("private", ["gw"], {"redshift": 0.0098, "seen": False})
    ceres = do(desk, "show_target", target="1 ceres")["target"]
    assert (ceres["kind"], ceres["epoch_of_elements"]) == ("non_sidereal", 60600.0)
    points = do(desk, "find_measurements", target="AT 2017gfo")["points"]
    assert len(points) == 3
    report = list(csv.DictReader(desk.files.path(told["report"]).open(encoding="utf-8")))
    assert len(report) == told["refused"]
    words = " ".join(f"{row['line']}: {row['message']}" for row in report)
    parts = (
        "3: the row: dec is out of range",
        "7: name: 'm-31' is a name of the target 'M31'",
        "2: the extra 'story'",
        "4: reduced datum: magnitude",
        "5: the reduced datum 5 holds no values",
        "8: reduced datum: its target 'Nowhere' was",
    )
    for part in parts:
        assert part in words


def test_the_same_again_changes_nothing(desk: Rehearsal) -> None:
    first = do(desk, **example("move_in"))
    again = do(desk, **example("move_in"))
    assert (again["new"], again["same"], again["changed"]) == (0, 3, 0)
    assert (again["photometry"]["new"], again["photometry"]["same"]) == (0, 3)
    assert (again["lists"]["listed"], again["refused"]) == (0, first["refused"])


def test_a_dry_run_tells_and_changes_nothing(desk: Rehearsal) -> None:
    told = do(desk, **example("move_in"), dry_run=True)
    assert (told["dry_run"], told["new"], told["photometry"]["new"], told["refused"] > 3) == (True, 3, 3, True)
    assert do(desk, "find_targets")["targets"] == []


def test_what_is_no_such_database_is_refused(desk: Rehearsal) -> None:
    folder = desk.files.root("products")
    (folder / "x.sqlite3").write_text("nothing of the kind")
    with pytest.raises(Permanent, match="is not a SQLite database"):
        do(desk, "move_in", file_location="products:x.sqlite3")
    engine = sa.create_engine(f"sqlite:///{folder}/y.sqlite3")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE x (id INTEGER)")
    engine.dispose()
    with pytest.raises(Permanent, match="no table tom_targets_basetarget"):
        do(desk, "move_in", file_location="products:y.sqlite3")
