"""Given a node that is ill in one way, doctor says in which, and what to do; given a well one, that."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.daemons import Network
from tests.support.installed import install
from tests.support.prepared import KIND
from toros.cli import main
from toros.cli.codes import ExitCode
from toros.cli.init import make_node
from toros.cli.ports import free_ports
from toros.store.backup import backup
from workorders import DESKS

DISH = """
from toros.data.observations.facilities.base import Facility, Form, Submission

class Dish(Facility):
    name, title, form, can_be_asked = "dish", "a radio telescope", Form, True

    def seconds(self, form):
        return 60.0

    def submit(self, asked):
        return Submission("D1")
"""


@pytest.fixture
def node(tmp_path: Path) -> Path:
    """The configuration of a node that is well and does not run."""
    ports = dict(zip(DESKS, free_ports(len(DESKS)), strict=True))
    made = make_node(tmp_path / "node", changes={"services": {name: {"port": port} for name, port in ports.items()}})
    return Path(made["configuration"])


def doctor(node: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, dict[str, Any]]]:
    """Return the exit code and the checks by subject."""
    capsys.readouterr()
    code = main(["doctor", "--json", "--config", str(node)])
    return code, {check["subject"]: check for check in json.loads(capsys.readouterr().out)}


def test_a_well_node_has_no_problem(node: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = doctor(node, capsys)
    assert code == ExitCode.OK
    assert {check["verdict"] for subject, check in found.items() if subject not in ("clock", "state")} <= {
        "ok",
        "warning",
    }
    assert found["configuration"]["verdict"] == found["identities"]["verdict"] == "ok"
    assert all(found[f"desk {name}"]["found"].startswith("its port is free") for name in DESKS)
    assert main(["doctor", "--config", str(node)]) == ExitCode.OK
    assert "● ok" in capsys.readouterr().out


def test_files_that_others_can_change_or_read(node: Path, capsys: pytest.CaptureFixture[str]) -> None:
    node.chmod(0o666)
    secret = node.parent / "state" / "tokens" / "operator.token"
    secret.chmod(0o644)
    code, found = doctor(node, capsys)
    assert code == ExitCode.FAILED
    assert found["configuration"]["advice"] == f"chmod go-w {node}"
    assert found["token"]["advice"] == f"chmod 600 {secret}"


def test_identities_that_are_missing_or_open_to_all(node: Path, capsys: pytest.CaptureFixture[str]) -> None:
    identities = node.parent / "state" / "identities.yaml"
    identities.chmod(0o666)
    assert "everybody" in doctor(node, capsys)[1]["identities"]["found"]
    identities.unlink()
    code, found = doctor(node, capsys)
    assert (code, found["identities"]["verdict"]) == (ExitCode.FAILED, "problem")
    assert "toros init" in found["identities"]["advice"]


def test_what_daemons_lack_after_an_upgrade_is_told_and_added(node: Path, capsys: pytest.CaptureFixture[str]) -> None:
    identities = node.parent / "state" / "identities.yaml"
    whole = yaml.safe_load(identities.read_text())
    earlier = yaml.safe_load(identities.read_text())
    for name, request in (("telescope", "update_observation"), ("data_manager", "send_notice")):
        earlier[name]["requests"].remove(request)
    identities.write_text(yaml.safe_dump(earlier))
    code, found = doctor(node, capsys)
    assert code == ExitCode.FAILED
    assert "update_observation" in found["identity telescope"]["found"]
    assert found["identity data_manager"]["advice"] == "toros doctor --permit adds it"
    assert main(["doctor", "--permit", "--json", "--config", str(node)]) == ExitCode.OK
    assert json.loads(capsys.readouterr().out) == {
        "telescope": ["update_observation"], "data_manager": ["send_notice"],
    }  # fmt: skip
    after = yaml.safe_load(identities.read_text())
    assert {name: {**each, "requests": set(each["requests"])} for name, each in after.items()} == {
        name: {**each, "requests": set(each["requests"])} for name, each in whole.items()
    }
    assert doctor(node, capsys)[0] == ExitCode.OK
    assert main(["doctor", "--permit", "--config", str(node)]) == ExitCode.OK
    assert capsys.readouterr().out.strip() == "no identity lacks a permission"


def test_a_root_that_is_not_mounted(node: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written = node.read_text()
    assert "    raw: raw\n" in written
    node.write_text(written.replace("    raw: raw\n", "    raw: /mnt/no/such/disk\n"))
    code, found = doctor(node, capsys)
    assert (code, found["root raw"]["verdict"]) == (ExitCode.FAILED, "problem")
    assert "mount" in found["root raw"]["advice"]


def test_a_facility_that_could_not_be_asked(node: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Doctor says so, and the data manager does not start with it."""
    package = install(
        tmp_path / "installed", "dish_facility", DISH, {"toros.facilities": {"dish": "dish_facility:Dish"}}
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(package), os.environ.get("PYTHONPATH", "")])}
    said = [
        subprocess.run(
            [sys.executable, "-m", *words, "--config", str(node)], env=environment, capture_output=True, text=True
        )
        for words in (["toros.cli", "doctor", "--json"], ["toros.network.daemon", "data_manager"])
    ]
    found = {check["subject"]: check for check in json.loads(said[0].stdout)}["facilities"]
    sentence = (
        "the facility dish (dish_facility:Dish) says that it can_be_asked, but has no question and no read_answer"
    )
    assert (found["verdict"], found["found"]) == ("problem", sentence)
    assert [each.returncode for each in said] == [ExitCode.FAILED, 1]
    assert f"data_manager cannot start: {sentence}" in said[1].stderr


def test_a_port_that_a_stranger_has(node: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from toros.config import load_config

    settings = load_config(node).services["portal"]
    with socket.socket() as stranger:
        stranger.bind((settings.ip, settings.port))
        stranger.listen()
        code, found = doctor(node, capsys)
        assert code == ExitCode.FAILED
        assert f"port {settings.port} of portal is in use by another program" in found["desk portal"]["found"]
        assert "services.portal.port" in found["desk portal"]["found"]
        assert main(["run", "--config", str(node)]) == ExitCode.CONFIGURATION
        assert f"port {settings.port} of portal is in use" in capsys.readouterr().err


def test_a_configuration_that_is_wrong(node: Path, capsys: pytest.CaptureFixture[str]) -> None:
    node.write_text(node.read_text() + "\ncolour: red\n")
    assert main(["doctor", "--config", str(node)]) == ExitCode.CONFIGURATION
    assert "colour" in capsys.readouterr().err


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    with Network(tmp_path_factory.mktemp("served"), services=["telescope"]) as network:
        yield network


def test_a_desk_that_runs_on_another_configuration(served: Network, capsys: pytest.CaptureFixture[str]) -> None:
    found = doctor(served.file, capsys)[1]["desk telescope"]
    assert (found["verdict"], str(served["telescope"].pid) in found["found"]) == ("ok", True)
    served.written["camera"] = {"seed": 99}
    served.write()
    found = doctor(served.file, capsys)[1]["desk telescope"]
    assert found["verdict"] == "warning"
    assert "restart it" in found["advice"]


def test_a_database_that_is_damaged_is_restored_from_its_backup(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(KIND, raising=False)  # a file is damaged, whatever the others run on
    with Network(tmp_path, services=["telescope"]) as network:
        telescope = network["telescope"]
        done = telescope.submit("close_dome", expires="2100-01-01T00:00:00")
        telescope.wait_for(done)
        assert telescope.stop() == 0
        backup(telescope.database)
        assert doctor(network.file, capsys)[1]["database telescope"]["verdict"] == "ok"
        whole = telescope.database.read_bytes()
        telescope.database.write_bytes(whole[:4096] + b"\xff" * 8192 + whole[12288:])
        code, found = doctor(network.file, capsys)
        assert (code, found["database telescope"]["verdict"]) == (ExitCode.FAILED, "problem")
        assert found["database telescope"]["advice"].endswith("toros doctor --restore telescope")
        assert main(["doctor", "--restore", "telescope", "--config", str(network.file)]) == ExitCode.OK
        assert doctor(network.file, capsys)[1]["database telescope"]["verdict"] == "ok"
        telescope.start()
        assert telescope.status(done)["state"] == "done"


def test_a_database_of_a_newer_version(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(KIND, raising=False)
    with Network(tmp_path, services=["telescope"]) as network:
        network["telescope"].stop()
        with sqlite3.connect(network["telescope"].database) as database:
            database.execute("UPDATE alembic_version SET version_num = 'ledger_9999' WHERE version_num LIKE 'ledger%'")
        database.close()
        code, found = doctor(network.file, capsys)
        assert code == ExitCode.FAILED
        assert "newer version (ledger_9999)" in found["database telescope"]["found"]


def test_listeners_that_cannot_listen(node: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    secret = tmp_path / "gcn.secret"
    secret.write_text("s3cret")
    secret.chmod(0o644)
    (tmp_path / "file").touch()
    written = yaml.safe_load(node.read_text())
    gcn = {"topics": ["igwn.gwalert"], "user": "me"}
    kafka = {"open": {**gcn, "secret_file": str(secret)}, "none": gcn, "off": {**gcn, "enabled": False}}
    folder = {"in": {"path": str(tmp_path / "in")}, "bad": {"path": str(tmp_path / "file" / "in")}}
    written["alerts"]["listeners"] = {"kafka": kafka, "vtp": {"svom": {"host": "a.example.org"}}, "folder": folder}
    node.write_text(yaml.safe_dump(written))
    code, found = doctor(node, capsys)
    assert code == ExitCode.FAILED
    assert found["listener kafka:open"]["advice"] == f"chmod 600 {secret}"
    assert "TOROS_KAFKA_SECRET_NONE" in found["listener kafka:none"]["found"]
    assert "listener kafka:off" not in found and found["listener vtp:svom"]["verdict"] == "ok"
    assert found["listener folder:in"]["found"].endswith("will be made")
    assert found["listener folder:bad"]["verdict"] == "problem"


def test_kafka_without_its_package(
    node: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    written = yaml.safe_load(node.read_text())
    written["alerts"]["listeners"]["kafka"] = {"gcn": {"topics": ["igwn.gwalert"], "user": "me"}}
    node.write_text(yaml.safe_dump(written))
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    _code, found = doctor(node, capsys)
    assert found["listener kafka:gcn"]["advice"] == "pip install 'toros[kafka]'"
