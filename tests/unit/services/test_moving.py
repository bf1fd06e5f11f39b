"""A TOM Toolkit's database becomes ours: what cannot be taken is told of, and the same again changes nothing."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from services.data_manager import SERVICE
from tests.support.postgres import PostgresServer, postgres
from tests.support.tom_toolkit import fill, fill_media
from tests.support.torosmanager import fill_torosmanager
from tests.unit.services.rehearsal import Rehearsal, rehearsing
from tests.unit.workorders.examples import example
from toros.config.data_manager import MovingSettings
from toros.data.measurements.spectra import read_spectra
from toros.data.permissions import Viewer
from toros.errors import Permanent
from workorders import VOCABULARY, parse

__all__ = ["postgres"]  # a fixture

PARTS = ("observations", "templates", "products", "photometry", "spectra")
STAGES = ("targets", "the list", "observation records", "templates", "data product 3", "photometry", "spectrum 9")
FILE = "products:uploads/db.sqlite3"
REFUSED = 28


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Rehearsal]:
    with rehearsing(tmp_path, "data_manager", SERVICE.tables, SERVICE.resources) as desk:
        folder = desk.files.root("products") / "uploads"
        folder.mkdir()
        fill(f"sqlite:///{folder}/db.sqlite3")
        fill_media(folder / "media")
        yield desk


def do(desk: Rehearsal, request: str, **fields: Any) -> Any:
    """Carry out an order, or ask a question, and return what it tells."""
    answer: Any = SERVICE.handlers[request].function(parse({"request": request, **fields}, "data_manager"), desk)
    return answer if VOCABULARY[request].kind == "question" else dict(desk.finish(answer).result)


def report_of(desk: Rehearsal, told: dict[str, Any]) -> list[dict[str, str]]:
    return list(csv.DictReader(desk.files.path(told["report"]).open(encoding="utf-8")))


def change(desk: Rehearsal, *statements: str) -> None:
    """Change the source, as the TOM would."""
    engine = sa.create_engine(f"sqlite:///{desk.files.path(FILE)}")
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


def test_everything_moves_in(desk: Rehearsal) -> None:
    do(desk, "save_user", name="ada.l", role="observer")
    told = do(desk, **example("move_in"), users={"ada": "ada.l"}, groups={"gw": "waves"})
    assert told | {"new": 3, "same": 0, "changed": 0, "lists": {"lists": 2, "listed": 2}} == told
    assert told["observations"] == {"new": 3, "same": 0, "revised": 0, "refused": 4}
    assert told["templates"] == {"new": 1, "same": 0, "refused": 2}
    assert told["products"] == {"new": 2, "same": 0, "refused": 4}
    assert told["photometry"] == {"new": 4, "same": 0, "revised": 0, "refused": 6}
    assert told["spectra"] == {"new": 1, "same": 0, "revised": 0, "refused": 2}
    m31 = do(desk, "show_target", target="ngc224")["target"]
    assert m31 | {"name": "M31", "access": "open", "lists": ["Tonight"], "extras": {"distance": 785000.0,
                  "host": "Local Group"}} == m31  # fmt: skip
    gfo = do(desk, "show_target", target="sss17a")["target"]
    assert (gfo["access"], gfo["groups"], gfo["extras"]) == ("private", ["waves"], {"redshift": 0.0098, "seen": False})
    assert do(desk, "show_target", target="1 ceres")["target"]["epoch_of_elements"] == 60600.0


def test_observations_keep_what_the_tom_knew(desk: Rehearsal) -> None:
    do(desk, "save_user", name="ada", role="observer")
    do(desk, **example("move_in"))
    first, second, third = do(desk, "find_observations")["observations"]
    assert (first["facility"], first["facility_id"], first["status"]) == ("lco", "4711", "COMPLETED")
    assert (first["group"], first["asked_by"], first["seconds"]) == ("gfo nights", "ada", 180.0)
    assert first["scheduled_end"].startswith("2026-01-02T03:10:00")
    assert first["parameters"] == {"exposure_time": 60, "exposure_count": 3, "start": "2026-01-02T00:00:00",
                                   "end": "2026-01-03T00:00:00", "filter": "rp", "bad": "a b"}  # fmt: skip
    assert (third["facility_id"], third["status"]) == ("tom:3", "CANCELED")
    (template,) = do(desk, "find_templates")["templates"]
    assert (template["template"], template["facility"]) == ("Deep r", "lco")
    assert template["parameters"] == {"exposure_time": 300, "filter": "rp"}
    (event,) = do(desk, "show_observation", number=second["number"])["observation"]["history"]
    assert "RetryFailedObservationsStrategy (cadence_frequency 24), active" in event["note"]


def test_files_are_copied_and_points_know_theirs(desk: Rehearsal) -> None:
    do(desk, **example("move_in"))
    table, picture = do(desk, "find_products")["products"]
    assert (table["observation"], table["tags"], table["access"], table["groups"]) == (
        "4711", ["paper one"], "private", ["gw"],
    )  # fmt: skip
    assert (picture["product_type"], picture["processing"], set(picture["thumbnails"])) == (
        "image", "done", {"picture"},
    )  # fmt: skip
    assert len(list((desk.config.state / "storage").rglob("*.csv"))) == 1
    points = do(desk, "find_measurements", target="AT 2017gfo", product=table["number"])["points"]
    assert len(points) == 3
    series = do(desk, "find_measurements", target="AT 2017gfo")["series"]
    assert {(each["kind"], each["unit"], each["source"]) for each in series} >= {("flux", "uJy", "ATLAS")}
    gfo = do(desk, "show_target", target="AT 2017gfo")["target"]["number"]
    (spectrum,) = desk.read(lambda session: read_spectra(session, gfo, viewer=Viewer.all_seeing()))
    assert (spectrum.facility, spectrum.wavelength.tolist(), spectrum.flux.tolist()) == (
        "LT",
        [4000, 4002],
        [1.5, 1.75],
    )


def test_every_row_that_is_not_taken_is_in_the_report(desk: Rehearsal) -> None:
    told = do(desk, **example("move_in"))
    report = report_of(desk, told)
    assert len(report) == told["refused"] == REFUSED and len(told["refused_rows"]) == 20
    words = "\n".join(f"{row['line']}: {row['message']}" for row in report)
    for part in (
        "3: dec is out of range",
        "7: name: 'm-31' is a name of the target 'M31'",
        "2: the extra 'story'",
        "2: the user 'grace' is none of ours",
        "1: the group 'gw' has no members here",
        "4: the observation record 4: status is none that is known here",
        "6: the observation record 6: is",
        "7: the observation record 7: scheduled_end lies before",
        "3: the data product 3: 'products:uploads/media/../secret.txt' goes up",
        "4: the data product 4: uploads/media/gfo/link.txt is or goes through a link",
        "5: the data product 5: products:uploads/media/gone.fits does not exist",
        "4: reduced datum: magnitude",
        "5: the reduced datum 5 holds no values",
        "8: reduced datum: its target 'Nowhere' was",
        "12: reduced datum: unit",
        "13: the reduced datum 13 is of a kind",
        "14: reduced datum: its target 'm-31' was not moved",
        "15: the reduced datum 15 holds more than",
        "2: the observation template 2: name 'Deep r' is a template of other parameters",
        "3: the observation template 3: facility cannot be",
        "1: the comment 1 has no place here",
        "1: the broker query 1 has no place here",
    ):
        assert part in words
    assert next(row for row in report if "comment 1" in row["message"])["value"] == "fading fast"
    assert told["not_moved"] == {"other_reduced_data": 1, "comments": 1, "broker_queries": 1}


def test_the_same_again_changes_nothing_and_a_grown_source_adds_what_is_new(desk: Rehearsal) -> None:
    first = do(desk, **example("move_in"))
    again = do(desk, **example("move_in"))
    assert (again["new"], again["same"], again["changed"], again["refused"]) == (0, 3, 0, first["refused"])
    assert again["lists"]["listed"] == 0
    for part in PARTS:
        assert again[part] | {"new": 0, "same": first[part]["new"]} == again[part]
    change(desk, "UPDATE tom_observations_observationrecord SET status = 'FAILED' WHERE id = 2",
           "INSERT INTO tom_targets_basetarget (id, name, type, ra, dec) VALUES (9, 'Later', 'SIDEREAL', 1, 2)",
           "INSERT INTO tom_dataproducts_reduceddatum (id, target_id, data_type, timestamp, value) VALUES "
           "(90, 9, 'photometry', '2026-02-01 00:00:00', '{\"magnitude\": 18.5, \"filter\": \"g\"}')")  # fmt: skip
    grown = do(desk, **example("move_in"))
    assert (grown["new"], grown["photometry"]["new"], grown["observations"]["revised"]) == (1, 1, 1)
    second = do(desk, "show_observation", number=2)["observation"]
    assert [event["status"] for event in second["history"]] == ["PENDING", "FAILURE_LIMIT_REACHED"]


def test_a_dry_run_tells_the_same_and_changes_nothing(desk: Rehearsal) -> None:
    dry = do(desk, **example("move_in"), dry_run=True)
    assert do(desk, "find_targets")["targets"] == []
    assert do(desk, "find_products")["products"] == [] and not list((desk.config.state / "storage").rglob("*.csv"))
    real = do(desk, **example("move_in"))
    assert {name: value for name, value in dry.items() if name not in ("dry_run", "report")} == {
        name: value for name, value in real.items() if name != "report"
    }


def test_a_move_that_is_cut_off_again_and_again_goes_on(desk: Rehearsal) -> None:
    order = parse(example("move_in"), "data_manager")

    class CutOff(BaseException):
        pass

    def interrupt() -> None:
        if stage in desk.said[-1][1]:
            raise CutOff

    desk.interrupt = interrupt
    for stage in STAGES:  # noqa: B007 - interrupt reads it
        with pytest.raises(CutOff):
            SERVICE.handlers["move_in"].function(order, desk)
    desk.interrupt = lambda: None
    answer: Any = SERVICE.handlers["move_in"].function(order, desk)
    told = dict(answer.result)
    assert len(report_of(desk, told)) == told["refused"] == REFUSED
    assert len({tuple(row.values()) for row in report_of(desk, told)}) == REFUSED
    assert [told[part]["new"] + told[part]["same"] for part in PARTS] == [3, 1, 2, 4, 1]
    assert len(do(desk, "find_observations")["observations"]) == 3


def test_a_server_is_moved_in_from_by_its_name_and_into_another(tmp_path: Path, postgres: PostgresServer) -> None:  # noqa: F811
    url = postgres.url()
    fill(url.replace("postgresql:", "postgresql+psycopg:"))
    moving = {"databases": {"our_tom": url.replace("postgres:@", "postgres@")}}
    ours = postgres.url()
    with rehearsing(tmp_path, "data_manager", SERVICE.tables, SERVICE.resources, url=ours, moving=moving) as desk:
        media = desk.files.root("products") / "media"
        fill_media(media)
        asked: dict[str, Any] = {"database": "our_tom", "folder_location": "products:media"}
        told = do(desk, "move_in", **asked)
        assert (told["new"], told["refused"]) == (3, REFUSED)
        assert [told[part]["new"] for part in PARTS] == [3, 1, 2, 4, 1]
        again = do(desk, "move_in", **asked)
        assert [again[part]["same"] for part in PARTS] == [3, 1, 2, 4, 1]
        with pytest.raises(Permanent, match=r"'theirs' is none of moving.databases; allowed: our_tom"):
            do(desk, "move_in", database="theirs")


@pytest.mark.parametrize(
    "url", ["postgresql://me@evil.example/tom", "postgresql://me@db.example/tom?host=evil.example"]
)
def test_a_server_elsewhere_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="evil.example, which is none of moving.hosts"):
        MovingSettings(databases={"tom": url}, hosts=["db.example"])


def test_what_is_no_such_database_is_refused(desk: Rehearsal) -> None:
    folder = desk.files.root("products")
    (folder / "x.sqlite3").write_text("nothing of the kind")
    with pytest.raises(Permanent, match="is not a SQLite database"):
        do(desk, "move_in", file_location="products:x.sqlite3")
    whole = desk.files.path(FILE).read_bytes()
    (folder / "half.sqlite3").write_bytes(whole[: len(whole) // 3])
    with pytest.raises(Permanent, match="the database cannot be read"):
        do(desk, "move_in", file_location="products:half.sqlite3")
    engine = sa.create_engine(f"sqlite:///{folder}/y.sqlite3")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE x (id INTEGER)")
    engine.dispose()
    with pytest.raises(Permanent, match="no table tom_targets_basetarget"):
        do(desk, "move_in", file_location="products:y.sqlite3")
    change(desk, "ALTER TABLE tom_dataproducts_reduceddatum DROP COLUMN timestamp")
    with pytest.raises(Permanent, match="has no column timestamp: it is of another version"):
        do(desk, "move_in", file_location=FILE)


def test_hostile_rows_are_refused_one_by_one(desk: Rehearsal) -> None:
    target = "INSERT INTO tom_targets_basetarget (id, name, type, ra, dec) VALUES "
    datum = "INSERT INTO tom_dataproducts_reduceddatum (id, target_id, data_type, timestamp, value) VALUES "
    record = (
        "INSERT INTO tom_observations_observationrecord (id, target_id, facility, observation_id, status, parameters) "
        "VALUES "
    )
    deep = "[" * 9000 + "]" * 9000
    change(
        desk,
        f"{target} (100, hex(zeroblob(3000000)), 'SIDEREAL', 1, 1), (101, 'A', 'SIDEREAL', 'much', x'00ff')",
        f"{target} (102, 'B', 'SIDEREAL', 9e999, -9e999), (103, CAST(x'ff41' AS TEXT) || char(7), 'SIDEREAL', 21, 1)",
        f"{datum} (500, 2, 'photometry', '2026-01-01', '{deep}'), (501, 2, 'spectroscopy', '2026-01-01', '{deep}')",
        f"{datum} (502, 2, 'photometry', '0001-01-01T00:00:00+14:00', '{{\"magnitude\": 1, \"filter\": \"r\"}}')",
        f"{datum} (503, 2, 'photometry', '2026-01-01', '{{\"magnitude\": NaN, \"filter\": \"r\"}}')",
        f"{record} (50, 2, 'F', 'y', 'PENDING', '{{\"a\": NaN, \"b\": 99999999999}}'), (51, 2, 'F', 'z', '', '[1]')",
        "INSERT INTO tom_dataproducts_dataproduct (id, target_id, data, data_product_type) VALUES "
        "(60, 2, '/etc/passwd', 'x'), (61, 2, 'gfo', 'x'), (62, 2, 'a' || char(10), 'x'), "
        "(63, 2, hex(zeroblob(900)), '')",
    )
    told = do(desk, **example("move_in"))
    lines = [int(row["line"]) for row in report_of(desk, told)]
    assert told["refused"] == len(lines) == REFUSED + 13 and told["new"] == 3
    assert {100, 101, 102, 103, 500, 501, 502, 503, 51, 60, 61, 62, 63} <= set(lines)
    (kept,) = do(desk, "find_observations", facility="f")["observations"]
    assert kept["parameters"] == {"a": "nan", "b": "99999999999"}
    change(desk, "UPDATE tom_dataproducts_reduceddatum SET target_id = 'x' WHERE id = 1")
    with pytest.raises(Permanent, match="has a row whose target_id is no number"):
        do(desk, **example("move_in"))


def test_bhtoms_exports_move_in(desk: Rehearsal) -> None:
    folder = desk.files.root("products") / "bhtom"
    (folder / "photometry").mkdir(parents=True)
    (folder / "targets.csv").write_text(
        "name,ra,dec,importance,cadence,gaia_alert_name\nGaia22abc,10.5,20.5,9.99,1.0,Gaia22abc\nBad,400,1,1,1,\n"
    )
    points = (
        "MJD;Magnitude;Error;Facility;Filter;Observer\n60000.5;17.5;0.02;Moletai;GaiaSP(r);Ada\n60001.5;19;-1;X;V;B\n"
    )
    (folder / "photometry" / "target_Gaia22abc_photometry.csv").write_text(points + "JD;17;0.1;X;V;B\n")
    (folder / "photometry" / "Stranger.csv").write_text(points)
    (folder / "photometry" / "Gaia22abc.csv").symlink_to("/etc/hostname")
    asked: dict[str, Any] = {"system": "bhtom", "file_location": "products:bhtom/targets.csv",
                             "folder_location": "products:bhtom/photometry"}  # fmt: skip
    dry, told, again = (do(desk, "move_in", **asked, dry_run=dry_run) for dry_run in (True, False, False))
    assert told["photometry"] == dry["photometry"] == {"files": 3, "new": 2, "same": 0, "revised": 0, "refused": 3}
    assert (told["new"], told["refused"], again["photometry"]["same"], again["photometry"]["new"]) == (1, 4, 2, 0)
    target = do(desk, "show_target", target="Gaia22abc")["target"]
    assert (target["importance"], target["cadence"]) == (9.99, 1.0)
    found = do(desk, "find_measurements", target="Gaia22abc")
    assert sorted(point["upper_limit"] for point in found["points"]) == [False, True]


def test_the_nights_of_torosmanager_move_in(desk: Rehearsal) -> None:
    folder = desk.files.root("products") / "nights"
    (folder / "n1").mkdir(parents=True)
    for name in ("dark.fits", "light.fits", "dark_master.fits", "calib_light.fits"):
        (folder / "n1" / name).write_text(name)
    fill_torosmanager(folder / "manager.sqlite")
    asked: dict[str, Any] = {"system": "torosmanager", "file_location": "products:nights/manager.sqlite",
                             "folder_location": "products:nights"}  # fmt: skip
    dry, told, again = (do(desk, "move_in", **asked, dry_run=dry_run) for dry_run in (True, False, False))
    assert told["exposures"] == dry["exposures"] == {"new": 2, "same": 0, "refused": 3}
    assert told["combinations"] == dry["combinations"] == {"new": 2, "same": 0, "refused": 1}
    assert (again["exposures"]["same"], again["combinations"]["same"], again["refused"]) == (2, 2, told["refused"])
    words = " ".join(row["message"] for row in report_of(desk, told))
    for part in ("gone.fits does not exist", "../secret.txt' goes up", "exposure 5 is of a type", "without one of its"):
        assert part in words
    products = do(desk, "find_products")["products"]
    assert [product["product_type"] for product in products] == ["raw", "raw", "master_dark", "calibrated"]
    assert {(each["role"], each["kind"], each["location"]) for each in products[-1]["inputs"]} == {
        ("exposure", "light", "products:nights/n1/light.fits"),
        ("combination", "master_dark", "products:nights/n1/dark_master.fits"),
    }
    with pytest.raises(Permanent, match="no tables NightBundle"):
        do(desk, "move_in", system="torosmanager", file_location=FILE)
