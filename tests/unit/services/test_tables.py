"""The data manager reads tables of targets, and writes them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.data_manager import SERVICE
from tests.unit.services.rehearsal import Rehearsal, rehearsing
from tests.unit.workorders.examples import example
from toros.config import SecuritySettings
from toros.data.targets.importing.running import CHUNK
from toros.errors import OrderCancelled, OutsideRoots, Permanent
from workorders import VOCABULARY, parse

TABLE = "name,ra,dec,importance\nM31,10.68,41.27,9\nbad,10,95,1\nM33,23.46,30.66,5\n"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Rehearsal]:
    with rehearsing(tmp_path, "data_manager", SERVICE.tables) as desk:
        yield desk


def do(desk: Rehearsal, request: str, **fields: Any) -> Any:
    """Carry out an order, or ask a question, and return what it tells."""
    answer: Any = SERVICE.handlers[request].function(parse({"request": request, **fields}, "data_manager"), desk)
    return answer if VOCABULARY[request].kind == "question" else dict(answer.result)


def put(desk: Rehearsal, name: str, text: str = TABLE) -> str:
    path = desk.files.root("products") / "uploads" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return f"products:uploads/{name}"


def test_the_examples_go_there_and_back(desk: Rehearsal) -> None:
    put(desk, "candidates.csv")
    told = do(desk, **example("import_targets"))
    assert told | {"rows": 3, "new": 2, "same": 0, "changed": 0, "refused": 1, "listed": 2} == told
    (refused,) = told["refused_rows"]
    assert "from -90 to 90" in refused.pop("allowed")
    assert refused == {"line": 3, "field": "dec", "value": "95.0", "message": "dec is out of range"}
    report = desk.files.path(told["report"]).read_text().splitlines()
    assert report[0] == "line,field,value,allowed,message"
    assert report[1].startswith("3,dec,95.0,") and report[1].endswith(",dec is out of range")
    assert do(desk, **example("export_targets"))["targets"] == 2
    back = do(desk, "import_targets", file_location="products:exports/tonight.xml")
    assert (back["same"], back["new"], back["refused"]) == (2, 0, 0)
    assert [path.name for path in desk.files.root("products").rglob(".*")] == []


def test_the_same_order_again_tells_the_same(desk: Rehearsal) -> None:
    location = put(desk, "x.csv")
    first = do(desk, "import_targets", id="import-1", file_location=location)
    assert do(desk, "import_targets", id="import-1", file_location=location) == first
    assert do(desk, "import_targets", id="import-2", file_location=location)["same"] == 2


def test_a_dry_run_changes_nothing(desk: Rehearsal) -> None:
    location = put(desk, "x.csv")
    told = do(desk, "import_targets", file_location=location, dry_run=True)
    assert (told["dry_run"], told["new"], told["refused"]) == (True, 2, 1)
    assert do(desk, "find_targets")["targets"] == []
    assert do(desk, "export_targets", file_location="products:y.csv", dry_run=True)["targets"] == 0
    assert not (desk.files.root("products") / "y.csv").exists()


def test_who_takes_an_import_back_stops_it(desk: Rehearsal) -> None:
    rows = "".join(f"T{i},{i / 10},0,1\n" for i in range(1000))
    location = put(desk, "x.csv", "name,ra,dec,importance\n" + rows)

    def stop() -> None:
        if desk.said[-1][1].startswith(f"{CHUNK} "):
            raise OrderCancelled("taken back")

    desk.interrupt = stop
    with pytest.raises(OrderCancelled):
        do(desk, "import_targets", id="import-1", file_location=location)
    desk.interrupt = lambda: None
    assert do(desk, "import_targets", id="import-1", file_location=location)["new"] == 1000
    assert 0 < desk.said[-2][0] <= desk.said[-1][0] <= 1


@pytest.mark.parametrize("location", ["products:../x.csv", "nowhere:x.csv", "file:///etc/passwd"])
def test_nothing_outside_the_roots_is_read_or_written(desk: Rehearsal, location: str) -> None:
    for request in ("import_targets", "export_targets"):
        with pytest.raises(OutsideRoots):
            do(desk, request, file_location=location)


def test_what_cannot_be_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    with rehearsing(tmp_path, "data_manager", SERVICE.tables, security=SecuritySettings(authentication=True)) as desk:
        (desk.files.root("products") / "uploads").mkdir()
        location = put(desk, "uploads/x.csv")
        with pytest.raises(Permanent, match="does not exist"):
            do(desk, "import_targets", file_location="products:y.csv", user="operator")
        do(desk, "import_targets", file_location=location, target_list="hers", user="ann")
        with pytest.raises(Permanent, match="belongs to ann"):
            do(desk, "import_targets", file_location=location, target_list="Hers", user="bob", dry_run=True)
        with pytest.raises(Permanent, match="allowed: csv, ecsv, votable, fits"):
            do(desk, "export_targets", file_location="products:y.doc")
