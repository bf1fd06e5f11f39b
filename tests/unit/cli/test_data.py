"""`toros data`, beside a data manager that has its database open."""

from __future__ import annotations

import hashlib
import json
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import make_url

from tests.support.postgres import postgres
from tests.unit.services.test_products import TOM, Desk
from toros.cli import main
from toros.cli.codes import ExitCode

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


def toros(desk: Desk, *words: str) -> int:
    return main(["data", *words, "--config", str(desk.config.state / "toros.conf.yaml")])


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
    sqlite = desk.database.dialect == "sqlite"
    assert toros(desk, "backup") == (ExitCode.OK if sqlite else ExitCode.CONFIGURATION)
    desk.ingest("d.txt", "d")
    assert toros(desk, "restore") == ExitCode.CONFIGURATION  # the data manager runs, or PostgreSQL has its own tools
    if not sqlite:
        return
    assert "in use by another daemon" in capsys.readouterr().err
    desk.database.close()
    assert toros(desk, "restore") == ExitCode.OK
    again = Desk(desk.config.state, f"sqlite:///{desk.config.state}/data_manager.sqlite")
    assert [each["number"] for each in again.find()] == [1, 2, 3]
    again.database.close()


def test_where_no_data_manager_ran_none_is_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "toros.conf.yaml"
    file.write_text(yaml.safe_dump({"state": str(tmp_path / "state")}))
    assert main(["data", "verify", "--config", str(file)]) == ExitCode.CONFIGURATION
    assert "has the data manager run on this node?" in capsys.readouterr().err
    assert not (tmp_path / "state").exists()
