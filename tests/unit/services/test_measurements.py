"""The data manager's handlers of measurements, with real files and a real database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.data_manager import SERVICE
from tests.unit.services.preprocessor.desk import Here
from tests.unit.services.test_data_manager import Bench
from toros.config import Config
from toros.errors import OutsideRoots, Permanent
from toros.network.service import Outcome
from workorders import parse

TOM = (
    "time,filter,magnitude,error,limit,source\n59000.25,r,15.5,0.01,,X\n59001.25,r,bright,0.01,,X\n59002.25,r,,,17,X\n"
)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    bench.engine = Here()
    do(bench, "add_target", name="SN 2026abc", ra=150.0, dec=20.0)
    bench.files.root("products").joinpath("night.csv").write_text(TOM)
    yield bench
    bench.database.close()


def do(bench: Bench, request: str, **fields: Any) -> Any:
    outcome = SERVICE.handlers[request].function(parse({"request": request, **fields}), bench)
    if not isinstance(outcome, Outcome):
        return outcome
    return {**outcome.result, **((bench.write(outcome.record) if outcome.record else None) or {})}


def ingest(bench: Bench, **fields: Any) -> Any:
    return do(bench, "ingest_photometry", **{"target": "sn2026abc", "file_location": "products:night.csv", **fields})


def find(bench: Bench, **fields: Any) -> Any:
    return do(bench, "find_measurements", target="SN-2026 ABC", **fields)


def test_good_rows_are_kept_and_the_bad_one_is_told(bench: Bench) -> None:
    told = ingest(bench)
    assert (told["new"], told["same"], told["revised"], told["refused"]) == (2, 0, 0, 1)
    assert told["problems"] == ["line 3: magnitude 'bright' is not a number"]
    assert told["layout"] == "TOM" and told["target"] == "SN 2026abc"
    again = ingest(bench)
    assert (again["new"], again["same"]) == (0, 2)
    assert [point["value"] for point in find(bench)["points"]] == [15.5, 17.0]


def test_a_dry_run_records_nothing(bench: Bench) -> None:
    told = ingest(bench, dry_run=True)
    assert told["new"] == 2 and told["remarks"][-1] == "dry run: nothing was recorded"
    assert find(bench)["points"] == []


def test_atomic(bench: Bench) -> None:
    with pytest.raises(Permanent, match="nothing was taken"):
        ingest(bench, atomic=True)
    assert find(bench)["points"] == []


def test_bjd_of_our_own_observatory(bench: Bench) -> None:
    ingest(bench, facility=Config().observatory.name)
    points = find(bench)["points"]
    assert all(0 < abs(point["bjd_tdb"] - 2400000.5 - point["mjd"]) < 0.007 for point in points)


@pytest.mark.parametrize(
    ("fields", "error", "sentence"),
    [
        ({"target": "nobody"}, Permanent, "there is no target 'nobody'"),
        ({"product": 7}, Permanent, "product: there is no product 7"),
        ({"file_location": "products:../x"}, OutsideRoots, "x"),
        ({"file_location": "products:missing.csv"}, Permanent, "does not exist"),
    ],
)
def test_what_cannot_be_is_refused(bench: Bench, fields: dict[str, Any], error: type, sentence: str) -> None:
    with pytest.raises(error, match=sentence):
        ingest(bench, **fields)


def test_points_are_switched_off_and_on(bench: Bench) -> None:
    ingest(bench)
    switch = {"target": "SN 2026abc", "times": [59000.25]}
    assert do(bench, "switch_measurements", **switch, active=False, dry_run=True)["switched"] == 1
    assert do(bench, "switch_measurements", **switch, active=False)["switched"] == 1
    assert len(find(bench)["points"]) == 1 and len(find(bench, active_only=False)["points"]) == 2
    ingest(bench)
    assert len(find(bench)["points"]) == 1
    assert do(bench, "switch_measurements", target="SN 2026abc", active=True, everything=True)["switched"] == 1


def test_an_export_is_a_file_that_is_not_written_over_unless_told(bench: Bench) -> None:
    ingest(bench)
    order = {"target": "SN 2026abc", "file_location": "products:out/sn.csv", "format": "bhtom"}
    told = do(bench, "export_photometry", **order)
    path = bench.files.path("products:out/sn.csv")
    assert told["points"] == 2 and path.read_text().splitlines()[1] == "59000.25;15.5;0.01;;r;"
    assert do(bench, "export_photometry", **order)["sha256"] == told["sha256"]
    with pytest.raises(Permanent, match="say replace"):
        do(bench, "export_photometry", **{**order, "format": "csv"})
    do(bench, "export_photometry", **{**order, "format": "csv", "replace": True})
    assert path.read_text().startswith("mjd,value,error,upper_limit")


def test_pages_hold_plain_values_only(bench: Bench) -> None:
    ingest(bench)
    assert yaml.safe_load(yaml.safe_dump(find(bench))) == find(bench)


def test_measurements_follow_their_target_when_two_are_merged(bench: Bench) -> None:
    do(bench, "add_target", name="other", ra=10.0, dec=20.0)
    ingest(bench)
    bench.files.root("products").joinpath("night.csv").write_text(TOM.replace("59000.25,r,15.5", "59009.25,r,15.9"))
    ingest(bench, target="other")
    do(bench, "merge_targets", primary="SN 2026abc", secondary="other")
    assert [point["value"] for point in do(bench, "find_measurements", target="other")["points"]] == [15.5, 17.0, 15.9]
    assert do(bench, "show_target", target="other")["target"]["last_magnitude"] == 15.9


def test_only_its_owner_changes_what_hangs_on_a_private_target(bench: Bench) -> None:
    do(bench, "add_target", name="mine", ra=30.0, dec=20.0, access="private", user="eva")
    secure = Config()
    bench.config = secure.model_copy(update={"security": secure.security.model_copy(update={"authentication": True})})
    with pytest.raises(Permanent, match="there is no target"):
        ingest(bench, target="mine", user="max")
    uploaded = bench.files.path("products:uploads/night.csv", must_exist=False)
    uploaded.parent.mkdir()
    uploaded.write_bytes(bench.files.path("products:night.csv").read_bytes())
    assert ingest(bench, target="mine", user="eva", file_location="products:uploads/night.csv")["new"] == 2
    with pytest.raises(Permanent, match="there is no target"):
        do(bench, "find_measurements", target="mine", user="max")
    with pytest.raises(Permanent, match="there is no target"):
        do(bench, "export_photometry", target="mine", file_location="products:x.csv", user="max")
    with pytest.raises(Permanent, match="there is no target"):
        do(bench, "switch_measurements", target="mine", active=False, everything=True, user="max")


def test_a_spectrum_is_taken_in_by_hand(bench: Bench) -> None:
    file = bench.files.root("products") / "s.csv"
    file.write_text("# DATE-OBS: 2020-05-31T06:00:00\nwavelength,flux\n4000,1.5\n4001,x\n4002,1.75\n")
    asked = {"target": "sn2026abc", "file_location": "products:s.csv", "facility": "CTMO"}
    dry = do(bench, "ingest_spectrum", **asked, dry_run=True)
    told, again = (do(bench, "ingest_spectrum", **asked) for _ in range(2))
    assert (dry["new"], "spectrum" in dry, told["points"], told["refused"]) == (1, False, 2, 1)
    assert told["problems"] == ["line 4: flux 'x' is not a number"]
    assert [(each["new"], each["same"], each["spectrum"]) for each in (told, again)] == [(1, 0, 1), (0, 1, 1)]
    file.write_text(file.read_text().replace("1.75", "1.8"))
    assert do(bench, "ingest_spectrum", **asked)["revised"] == 1
    file.write_text("wavelength,flux\n4000,1.5\n4001,1\n")
    with pytest.raises(Permanent, match="mjd: the file does not say when"):
        do(bench, "ingest_spectrum", **asked)
    with pytest.raises(Permanent, match="no column holds the wavelength"):
        do(bench, "ingest_spectrum", target="sn2026abc", file_location="products:night.csv")
