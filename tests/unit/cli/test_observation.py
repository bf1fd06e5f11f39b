"""Given a running data manager, `toros observation` asks for observations and follows them to their end."""

from __future__ import annotations

import pytest

from tests.support.daemons import Network
from tests.unit.cli.terminal import Terminal
from toros.cli import main
from toros.cli.codes import ExitCode

GROUP = ("observation",)
COMMANDS = ("request", "list", "show", "cancel", "report")


@pytest.fixture(scope="module", autouse=True)
def target(network: Network) -> None:
    """A target to observe."""
    desk = network["data_manager"]
    desk.wait_for(desk.submit("add_target", name="M 31", ra=10.6847, dec=41.269), "done")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_examples(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["observation", command, "--help"]) == 0
    said = capsys.readouterr().out
    assert f"toros observation {command}" in said.split("Examples:")[1]
    assert "--json" in said


def test_a_persons_observation_from_the_first_word_to_the_last(toros: Terminal) -> None:
    words = ("request", "m31", "--facility", "manual", "observer=ann", "exposure_time=60", "--group", "Tonight")
    tried = toros.plain(*words, "--dry-run")["result"]
    assert (tried["parameters"]["ra"], tried["seconds"]) == (10.6847, 60.0)
    assert toros.plain("list")["observations"] == []
    number = toros.plain(*words, "--end", "2100-01-01T00:00")["result"]["observation"]
    code, said = toros("list", "--status", "pending")
    assert code == ExitCode.OK and "M 31" in said and "Tonight" in said
    code, said = toros("report", str(number), "completed", "--seconds", "70", "--note", "a little cloud")
    assert (code, "done" in said) == (ExitCode.OK, True)
    shown = toros.plain("show", str(number))
    assert (shown["status"], shown["seconds_used"]) == ("COMPLETED", 70.0)
    code, said = toros("show", str(number))
    assert "a little cloud" in said and "observer=ann" in said
    code, said = toros("cancel", str(number))
    assert code == ExitCode.FAILED and "is COMPLETED already" in said


def test_one_is_taken_back_with_its_cadence(toros: Terminal) -> None:
    number = toros.plain("request", "M31", "--start", "2100-01-01", "--every", "24", "--most", "3")["result"][
        "observation"
    ]
    assert toros.plain("show", str(number))["cadence"]["strategy"] == "repeat"
    assert toros("cancel", str(number), "--reason", "clouds")[0] == ExitCode.OK
    shown = toros.plain("show", str(number))
    assert (shown["status"], shown["cadence"]["active"]) == ("CANCELED", False)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("request", "M31", "exposures=0"), "exposures"),
        (("request", "M31", "--every", "1", "--retry", "2"), "give one of --every, --retry and --resume"),
        (("request", "M31", "--most", "2"), "belong to --every"),
        (("request", "M31", "--tell", "ann@example.org"), "sends no mail"),
        (("request", "M31", "--tell", "http://127.0.0.1/"), "allowed hosts (hooks.hosts): none"),
        (("request", "M31", "--tell", "ann"), "a mail address"),
        (("show", "4711"), "there is no observation 4711"),
        (("report", "1", "finished"), "status"),
    ],
)
def test_what_is_refused_says_why(toros: Terminal, words: tuple[str, ...], why: str) -> None:
    code, said = toros(*words)
    assert code != ExitCode.OK and why in " ".join(said.split())
