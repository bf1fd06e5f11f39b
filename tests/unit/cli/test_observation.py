"""Given a running data manager, `toros observation` asks for observations and follows them to their end."""

from __future__ import annotations

import pytest

from tests.support.daemons import Network
from tests.unit.cli.terminal import Terminal
from toros.cli import main
from toros.cli.codes import ExitCode

GROUP = ("observation",)
COMMANDS = (
    "request", "list", "show", "cancel", "report", "facilities", "templates", "template", "groups", "proposals",
    "proposal",
)  # fmt: skip


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


def test_facilities_tell_their_forms(toros: Terminal) -> None:
    code, said = toros("facilities")
    assert code == ExitCode.OK and "own_telescope" in said and "a person who observes and reports back" in said
    code, said = toros("facilities", "own_telescope")
    (exposures,) = [line for line in said.splitlines() if line.startswith("exposures ")]
    assert " ".join(exposures.split()) == "exposures integer ≥ 1 ≤ 1000 1 light frames to take; number"
    (ra,) = [line for line in said.splitlines() if line.startswith("ra ")]
    assert "needed" in ra and "degrees" in ra
    assert [each["facility"] for each in toros.plain("facilities", "manual")["facilities"]] == ["manual"]
    assert "there is no facility 'vlt'" in " ".join(toros("facilities", "vlt")[1].split())


def test_a_template_is_saved_asked_with_and_forgotten(toros: Terminal) -> None:
    assert toros("templates")[1] == "no templates\n"
    assert toros("template", "First look", "exposure_time=30", "exposures=4", "--dry-run")[0] == ExitCode.OK
    assert toros.plain("templates")["templates"] == []
    assert toros("template", "First look", "exposure_time=30", "exposures=4")[0] == ExitCode.OK
    code, said = toros("templates", "first look")
    assert code == ExitCode.OK and "exposure_time=30, exposures=4" in said
    tried = toros.plain("request", "M31", "--template", "first look", "exposures=2", "--dry-run")["result"]
    assert tried["seconds"] == 60.0
    assert toros.plain("template", "First look", "--delete")["result"] == {"deleted": True}
    assert toros.plain("templates")["templates"] == []
    for words, why in (
        (("aperture=3",), "has no 'aperture'; allowed: ra, dec, exposure_time"),
        ((), "give parameters such as exposure_time=60, or --delete"),
        (("exposures=2", "--delete"), "--delete takes no parameters"),
    ):
        code, said = toros("template", "second look", *words)
        assert code != ExitCode.OK and why in " ".join(said.replace("│", " ").split())


def test_time_is_granted_spent_and_closed(toros: Terminal) -> None:
    assert toros("proposal", "P7", "--hours", "2", "--title", "Kilonovae", "-m", "ann", "-m", "bob")[0] == ExitCode.OK
    words = ("request", "M31", "--facility", "manual", "exposure_time=3600", "--proposal", "p7", "--group", "Kilonovae")
    assert toros(*words)[0] == ExitCode.OK
    code, said = toros("proposals", "P7")
    assert code == ExitCode.OK and "Kilonovae" in said and "ann, bob" in said
    (row,) = toros.plain("proposals")["proposals"]
    assert (row["hours"], row["asked"], row["left"], row["closed"]) == (2.0, 1.0, 1.0, False)
    assert toros("proposal", "P7", "--close")[0] == ExitCode.OK
    assert "closed" in toros("proposals")[1] and "closed" in toros(*words)[1]
    assert toros("proposal", "P7", "--open", "--hours", "1.5")[0] == ExitCode.OK
    assert toros.plain("proposals")["proposals"][0]["hours"] == 1.5
    assert "is a new proposal and needs them" in " ".join(toros("proposal", "P8", "--title", "no hours")[1].split())
    code, said = toros("groups", "kilonovae")
    assert code == ExitCode.OK and "PENDING=1" in said
    assert toros.plain("groups", "Kilonovae")["groups"][0]["observations"] == {"PENDING": 1}
