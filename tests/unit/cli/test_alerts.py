"""Given a robot that watches a folder, `toros alerts` shows what it received, and plays the past through its rules."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.daemons import Network, eventually
from tests.unit.cli.terminal import Terminal
from toros.alerts.mock import mock_gwalert, mock_retraction
from toros.cli import main
from toros.cli.codes import ExitCode

GROUP = ("alerts",)
ALERT = mock_gwalert()
EVENT = json.loads(ALERT)["superevent_id"]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """An alert robot and its telescope; an alert, its retraction and what is no alert were dropped into the folder."""
    folder = tmp_path_factory.mktemp("network")
    settings = {
        "alerts": {"listeners": {"folder": {"inbox": {"path": str(folder / "inbox"), "still": 0.1}}}},
        "camera": {"rows": 32, "columns": 32, "clock_rate": 1000.0},
    }
    with Network(folder, ["alert_robot", "telescope"], settings) as running:
        robot = running["alert_robot"]
        for number, text in enumerate((ALERT, '{"no": "alert"}', mock_retraction(EVENT)), 1):
            (folder / "inbox" / f"{number}.json").write_text(text)
            eventually(lambda number=number: _ended(running) == number, 30)
        eventually(lambda: "accepted_s" in str(robot.ask("show_alert", event=EVENT)))
        yield running


def _ended(network: Network) -> int:
    rows = network["alert_robot"].ask("list_orders", named="process_alert")["orders"]
    return sum(row["state"] in ("done", "buried") for row in rows)


@pytest.mark.parametrize("command", ["list", "show", "replay", "mock"])
def test_every_command_has_help_with_examples(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["alerts", command, "--help"]) == 0
    assert f"toros alerts {command}" in capsys.readouterr().out.split("Examples:")[1]


def test_what_was_received_is_listed_the_latest_first(toros: Terminal) -> None:
    code, said = toros("list")
    assert code == ExitCode.OK
    lines = [line.split() for line in said.splitlines() if EVENT in line]
    assert [line[2:] for line in lines] == [
        [EVENT, "RETRACTION", "LVK", "gw", "yes", "retraction"],
        [EVENT, "PRELIMINARY", "LVK", "gw", "yes", "yes", "first", "telescope"],
    ]
    assert [row["alert_type"] for row in toros.plain("list", "--limit", "1")["alerts"]] == ["RETRACTION"]


def test_what_could_not_be_understood_is_listed_with_its_reason(toros: Terminal) -> None:
    code, said = toros("list", "--unreadable")
    assert code == ExitCode.OK and "no" in said
    (row,) = toros.plain("list", "--unreadable")["alerts"]
    assert row["source"] == "folder:inbox" and row["reason"]


def test_an_event_is_told_from_its_alert_to_its_telescope(toros: Terminal) -> None:
    code, said = toros("show", EVENT)
    assert code == ExitCode.OK
    assert said.startswith(f"{EVENT} (mock): retracted")
    assert "received" in said and "ranked" in said and "telescope: observes" in said
    assert "NGC4993: " in said
    assert "accepted" in said and "taken back" in said
    assert toros.plain("show", EVENT)["alerts"][0]["plans"][0]["accepted_s"] > 0
    assert toros("show", "S000000a")[0] == ExitCode.FAILED


def test_the_past_is_played_through_the_rules(toros: Terminal, tmp_path: Path) -> None:
    files = []
    for name, text in (("alert", ALERT), ("again", ALERT), ("back", mock_retraction(EVENT))):
        files.append(tmp_path / f"{name}.json")
        files[-1].write_text(text)
    code, said = toros("replay", *map(str, files))
    assert code == ExitCode.OK
    assert "telescope: observes" in said and "NGC4993" in said and "the event is retracted" in said
    told = toros.plain("replay", *map(str, files), "--at", "2026-11-20T02:00")
    assert [each["effect"] for each in told] == ["first", "duplicate", "retraction"]
    assert toros("replay", str(files[0]), "--at", "yesterday")[0] == ExitCode.USAGE
    (tmp_path / "bad.json").write_text("{}")
    code, said = toros("replay", str(tmp_path / "bad.json"))
    assert code == ExitCode.FAILED and "Traceback" not in said


def test_a_mock_alert_is_printed_as_it_would_come(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["alerts", "mock", "--galaxy", "NGC253"]) == 0
    assert json.loads(capsys.readouterr().out)["superevent_id"].startswith("MS")
    assert main(["alerts", "mock", "--galaxy", "Atlantis"]) == ExitCode.FAILED
    assert "no galaxy 'Atlantis'" in capsys.readouterr().err
