"""`toros data`, beside a data manager that has its database open."""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import create_engine, make_url

from tests.support.postgres import PostgresServer, client_programs, postgres
from tests.unit.services.test_products import TOM, Desk
from toros.cli import main
from toros.cli.codes import ExitCode
from toros.config import load_config
from toros.store.database import database_url

__all__ = ["postgres"]


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    """A data manager with three products: two of a target, one of them in the storage, and one more."""
    url, settings = f"sqlite:///{tmp_path}/data_manager.sqlite", {"state": str(tmp_path)}
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").url()
        settings |= {"database": {"url": url.replace(f":{make_url(url).password}@", "@")}}
    (tmp_path / "toros.conf.yaml").write_text(yaml.safe_dump(settings))
    desk = Desk(tmp_path, url)
    desk.do("add_target", name="SN 2026abc", ra=150.0, dec=20.0)
    desk.ingest("a.csv", TOM, "photometry", target="SN 2026abc", store=True)
    desk.ingest("b.txt", "b" * 5000, target="SN 2026abc", tags=["poster"])
    desk.ingest("c.txt", "c", store=True)
    yield desk
    desk.database.close()


@pytest.fixture(autouse=True)
def programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL's client programs, of the server's version."""
    if folder := client_programs():
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def toros(desk: Desk, *words: str) -> int:
    return main(["data", *words, "--config", str(desk.config.state / "toros.conf.yaml")])


def url_of(desk: Desk) -> str:
    settings = load_config(desk.config.state / "toros.conf.yaml")
    return database_url(settings, "data_manager").render_as_string(hide_password=False)


def verified(desk: Desk, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    code = toros(desk, "verify", "--json", *words)
    return code, json.loads(capsys.readouterr().out)


def test_all_is_well(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = verified(desk, capsys)
    assert code == ExitCode.OK
    assert (found["well"], found["findings"], found["stray"]) == (3, [], [])
    assert toros(desk, "verify", "--quick") == ExitCode.OK
    assert capsys.readouterr().out == "3 well, 0 missing, 0 damaged, 0 unknown\n"


def test_what_is_damaged_missing_or_nobodys_is_told(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    keys = [each.get("stored") for each in desk.find()]
    kept = [desk.config.state / "storage" / str(key) for key in keys]
    kept[0].chmod(0o600)
    kept[0].write_text(TOM.replace("15.5", "15.6"))
    kept[2].unlink()
    desk.files.path("products:b.txt").write_text("b" * 4999)
    code, found = verified(desk, capsys)
    assert code == ExitCode.FAILED
    assert {each["product"]: each["verdict"] for each in found["findings"]} == {
        1: "damaged", 2: "damaged", 3: "missing",
    }  # fmt: skip
    code, found = verified(desk, capsys, "--quick")
    assert {each["product"] for each in found["findings"]} == {2, 3}
    assert toros(desk, "verify") == ExitCode.FAILED
    assert "product 3: missing: " in capsys.readouterr().out


def test_a_file_that_no_product_needs_is_told(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    path = desk.files.path(desk.file("stray.txt", "nobody's"))
    key = desk.storage.put(path, hashlib.sha256(path.read_bytes()).hexdigest())
    assert verified(desk, capsys) == (ExitCode.OK, {"well": 3, "missing": 0, "damaged": 0, "unknown": 0,
                                                    "stray": [key], "findings": []})  # fmt: skip


def test_a_deleted_product_needs_no_file(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.do("delete_product", product=3, reason="not needed")
    code, found = verified(desk, capsys)
    assert (code, found["well"], found["stray"]) == (ExitCode.OK, 2, [])


def test_products_are_fetched_as_tar_and_zip(desk: Desk, tmp_path: Path) -> None:
    assert toros(desk, "fetch", "1", "3", "-o", str(tmp_path / "two.tar")) == ExitCode.OK
    with tarfile.open(tmp_path / "two.tar") as bundle:
        assert bundle.getnames() == ["products.json", "1/a.csv", "3/c.txt"]
        file = bundle.extractfile("1/a.csv")
        assert file is not None and file.read().decode() == TOM
    assert toros(desk, "fetch", "--target", "sn2026abc", "-o", str(tmp_path / "all.zip")) == ExitCode.OK
    with zipfile.ZipFile(tmp_path / "all.zip") as zipped:
        assert zipped.testzip() is None and zipped.namelist() == ["products.json", "1/a.csv", "2/b.txt"]
        assert json.loads(zipped.read("products.json"))["products"][1]["tags"] == ["poster"]


def test_nothing_half_written_is_left(desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    desk.files.path("products:b.txt").write_text("other")
    folder = tmp_path / "out"
    folder.mkdir()
    assert toros(desk, "fetch", "2", "-o", str(folder / "x.tar")) == ExitCode.FAILED
    assert toros(desk, "fetch", "9", "-o", str(folder / "x.tar")) == ExitCode.FAILED
    assert toros(desk, "fetch", "1", "-o", str(folder / "x.rar")) == ExitCode.USAGE
    assert toros(desk, "fetch", "-o", str(folder / "x.tar")) == ExitCode.USAGE
    assert list(folder.iterdir()) == []
    said = capsys.readouterr().err
    assert "2/b.txt has not 5000 bytes any more" in said and "there is no product 9" in said


def test_the_database_is_copied_while_it_is_in_use_and_put_back(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert toros(desk, "backup") == ExitCode.OK
    assert "/data_manager." in capsys.readouterr().out
    desk.ingest("d.txt", "d")
    assert toros(desk, "restore") == ExitCode.CONFIGURATION
    assert "in use by another daemon" in capsys.readouterr().err
    assert len(desk.find()) == 4
    desk.database.close()
    assert toros(desk, "restore") == ExitCode.OK
    assert "what was there before is kept as data_manager" in capsys.readouterr().out
    again = Desk(desk.config.state, url_of(desk))
    assert [each["number"] for each in again.find()] == [1, 2, 3]
    again.ingest("e.txt", "e")
    assert [each["number"] for each in again.find()] == [1, 2, 3, 4]
    again.database.close()


def test_where_no_data_manager_ran_none_is_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "toros.conf.yaml"
    file.write_text(yaml.safe_dump({"state": str(tmp_path / "state")}))
    assert main(["data", "verify", "--config", str(file)]) == ExitCode.CONFIGURATION
    assert "has the data manager run on this node?" in capsys.readouterr().err
    assert not (tmp_path / "state").exists()


IN_POSTGRESQL = pytest.mark.parametrize("desk", ["postgresql"], indirect=True)


@pytest.fixture
def moved(desk: Desk, capsys: pytest.CaptureFixture[str]) -> Iterator[Desk]:
    """A data manager in PostgreSQL with a backup, closed in good order."""
    assert toros(desk, "backup") == ExitCode.OK
    desk.database.close()
    capsys.readouterr()
    yield desk


@IN_POSTGRESQL
def test_a_copy_of_postgresql_is_for_its_owner_alone(moved: Desk) -> None:
    copy = moved.config.state / "data_manager.postgresql.backup"
    assert copy.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in moved.config.state.glob("*backup*")] == [copy.name]


@IN_POSTGRESQL
def test_a_damaged_copy_changes_nothing(moved: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    copy = moved.config.state / "data_manager.postgresql.backup"
    whole = copy.read_bytes()
    for damaged in (whole[: len(whole) // 2], whole[:5000] + b"?" + whole[5001:], whole[:-1], b""):
        copy.write_bytes(damaged)
        assert toros(moved, "restore") == ExitCode.CONFIGURATION
        assert "is damaged: nothing was changed" in capsys.readouterr().err
    again = Desk(moved.config.state, url_of(moved))
    assert len(again.find()) == 3
    again.database.close()


@IN_POSTGRESQL
def test_a_lost_schema_comes_back_into_an_empty_database(
    moved: Desk, postgres: PostgresServer, capsys: pytest.CaptureFixture[str]
) -> None:
    url = postgres.url()
    settings = {"state": str(moved.config.state), "database": {"url": url.replace(f":{make_url(url).password}@", "@")}}
    (moved.config.state / "toros.conf.yaml").write_text(yaml.safe_dump(settings))
    assert toros(moved, "restore") == ExitCode.OK
    assert "kept as" not in capsys.readouterr().out
    again = Desk(moved.config.state, url)
    assert len(again.find()) == 3
    again.database.close()


@IN_POSTGRESQL
def test_without_the_programs_of_postgresql_it_is_said_what_to_install(
    moved: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    for word, program in (("backup", "pg_dump"), ("restore", "psql")):
        assert toros(moved, word) == ExitCode.CONFIGURATION
        said = capsys.readouterr().err
        assert f"{program} is not on this computer: install PostgreSQL's client programs" in " ".join(said.split())


@IN_POSTGRESQL
def test_what_postgresql_refuses_leaves_the_schema_as_it_was(moved: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    engine = create_engine(make_url(url_of(moved)).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE FUNCTION public.refuse() RETURNS event_trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'not at this hour'; END $$"
        )
        connection.exec_driver_sql(
            "CREATE EVENT TRIGGER refuse ON ddl_command_start WHEN TAG IN ('CREATE INDEX') "
            "EXECUTE FUNCTION public.refuse()"
        )
    engine.dispose()
    assert toros(moved, "restore") == ExitCode.CONFIGURATION
    assert "could not be restored: psql: not at this hour" in " ".join(capsys.readouterr().err.split())
    again = Desk(moved.config.state, url_of(moved))
    assert len(again.find()) == 3
    again.database.close()
