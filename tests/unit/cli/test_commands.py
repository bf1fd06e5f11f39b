"""Given running daemons, every command asks them and says what came of it; given none, it says that."""

from __future__ import annotations

import functools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.daemons import Network
from tests.unit.cli.terminal import Terminal
from toros.cli.codes import ExitCode
from workorders.envelope import new_id

GROUP: tuple[str, ...] = ()
OBSERVATION = ("ra=10.684", "dec=41.269", "exposure_time=2", "exposures=1", "calibration_frames=0", "target=2024")


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    folder = tmp_path_factory.mktemp("network")
    small = {
        "camera": {"rows": 32, "columns": 32, "clock_rate": 1000.0},
        "orders": {"delivery_timeout": 2.0, "tries": 1},
    }
    with Network(folder, services=["telescope", "data_manager"], settings=small) as running:
        yield running


def test_an_order_is_submitted_followed_and_done(toros: Terminal) -> None:
    code, said = toros("submit", "observation", *OBSERVATION, "--wait", "--timeout", "30")
    assert code == ExitCode.OK
    assert "accepted by telescope" in said
    assert "observation done 100%" in said
    assert "● done observation" in said


def test_json_is_all_that_a_program_gets(toros: Terminal) -> None:
    row = toros.plain("submit", "observation", *OBSERVATION, "-w")
    assert (row["state"], row["desk"], row["fields"]["target"]) == ("done", "telescope", "2024")
    receipt = toros.plain("submit", "close_dome")
    assert receipt["status"] == "accepted"
    assert toros.plain("status", receipt["id"])["request"] == "close_dome"


def test_a_question_is_answered_at_once(toros: Terminal) -> None:
    code, said = toros("submit", "dome_status")
    assert code == ExitCode.OK
    assert json.loads(said)["shutter"] == "closed"


def test_the_same_id_is_one_order(toros: Terminal) -> None:
    name = new_id()
    first, again = (toros.plain("submit", "close_dome", f"id={name}", "datetime=2026-11-20T02:00:00",
                          "expires=2100-01-01T00:00:00") for _ in range(2))  # fmt: skip
    assert first == again
    code, said = toros("submit", "close_dome", f"id={name}", "priority=3", "expires=2100-01-01T00:00:00")
    assert code == ExitCode.FAILED
    assert "another" in said


def test_orders_come_from_files_and_pipes(toros: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "dome.yaml"
    file.write_text("- {request: close_dome}\n- {WOType: close_dome, User: me}\n")
    receipts = toros.plain("submit", str(file))
    assert [receipt["request"] for receipt in receipts] == ["close_dome"] * 2
    assert len({receipt["id"] for receipt in receipts}) == 2


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("submit", "observation", "ra=400", "dec=1"), ExitCode.FAILED, "field: ra; value: 400"),
        (("submit", "observation", "ra=1"), ExitCode.FAILED, "field: dec"),
        (("submit", "observation", "ra=1", "dec=1", "colour=red"), ExitCode.FAILED, "field: colour"),
        (("submit", "standardise_photometry"), ExitCode.FAILED, "not served by this version"),
        (("submit", "make_coffee"), ExitCode.FAILED, "no desk knows this request"),
        (("submit", "observation", "ra"), ExitCode.FAILED, "key=value"),
        (("submit", "nothing.yaml"), ExitCode.FAILED, "cannot be read"),
        (("submit", "cancel", "order_id=x"), ExitCode.FAILED, "name one with --desk"),
        (("submit", "list_alerts"), ExitCode.UNREACHABLE, "is the daemon running?"),
        (("status", "never-seen", "--desk", "telescope"), ExitCode.FAILED, "no desk knows this order"),
        (("status", "never-seen"), ExitCode.UNREACHABLE, "no desk that answers knows"),
        (("serve", "kitchen"), ExitCode.CONFIGURATION, "there is no service 'kitchen'"),
        (("run", "telescope"), ExitCode.CONFIGURATION, "is in use by a telescope that runs already, process"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    toros: Terminal, words: tuple[str, ...], code: ExitCode, said: str
) -> None:
    found, text = toros(*words)
    assert (found, said in text) == (code, True), text
    assert "Traceback" not in text


def test_programs_get_errors_as_json(toros: Terminal) -> None:
    told = toros.plain("submit", "observation", "ra=400", "dec=1")
    assert (told["exit_code"], told["fault"]) == (1, 122)
    assert "ra" in told["error"]


def test_status_shows_every_desk_and_who_is_silent(toros: Terminal, network: Network) -> None:
    found = toros.plain("status")
    assert found["telescope"]["pid"] == network["telescope"].pid
    assert "nobody listens" in found["portal"]["silent"]
    assert toros("status", "--json")[0] == ExitCode.UNREACHABLE
    assert toros("status", "--desk", "telescope")[0] == ExitCode.OK
    assert "● ready" in toros("status")[1]


def test_orders_are_listed_drawn_and_chosen(toros: Terminal) -> None:
    row = toros.plain("submit", "observation", *OBSERVATION, "-w")
    code, said = toros("orders", "--root", row["id"], "--tree")
    assert code == ExitCode.UNREACHABLE, "four desks are silent"
    assert "done observation" in said
    assert "── → waiting calibrate_file_batch" in said and "update_observation" in said
    tree = toros.plain("orders", "--root", row["id"], "--tree")
    children = {child["request"] for child in tree["orders"][0]["children"]}
    assert children == {"calibrate_file_batch", "update_observation"}
    listed = toros.plain("orders", "--state", "done", "--desk", "telescope")["orders"]
    assert row["id"] in [each["id"] for each in listed]
    assert {each["state"] for each in listed} == {"done"}


def test_an_order_that_has_not_arrived_is_cancelled_when_it_does(toros: Terminal) -> None:
    name = new_id()
    assert toros("cancel", name, "--desk", "telescope", "--reason", "clouds")[0] == ExitCode.OK
    code, said = toros("submit", "observation", *OBSERVATION, f"id={name}", "-w")
    assert code == ExitCode.FAILED
    assert "cancelled" in said
    assert "clouds" in said
    assert toros("status", name, "--desk", "telescope")[0] == ExitCode.FAILED


def test_a_running_order_is_cancelled(toros: Terminal) -> None:
    receipt = toros.plain("submit", "observation", *OBSERVATION[:2], "exposure_time=7200", "exposures=9")
    assert toros("cancel", receipt["id"], "--desk", "telescope")[0] == ExitCode.OK
    code, said = toros("status", receipt["id"], "--watch", "--desk", "telescope")
    assert code == ExitCode.FAILED
    assert "cancelled" in said


def test_an_order_is_not_waited_for_longer_than_asked(toros: Terminal) -> None:
    row = toros.plain("submit", "observation", *OBSERVATION[:2], "exposure_time=7200", "exposures=5", "-w",
                "--timeout", "0.5")  # fmt: skip
    assert row["state"] in ("queued", "running")
    toros("cancel", row["id"], "--desk", "telescope")


def test_a_buried_order_is_tried_again(toros: Terminal) -> None:
    fields = ("file_location=raw:nowhere/x.fits", f"sha256={'0' * 64}", "size=1", "product_type=calibrated", "batch=b",
              "batch_location=raw:nowhere")  # fmt: skip
    code, _said = toros("submit", "ingest_data_product", *fields, "-w", "--timeout", "20")
    assert code == ExitCode.FAILED
    buried = toros.plain("orders", "--state", "buried", "--desk", "data_manager")["orders"]
    assert buried[0]["reason"]
    code, said = toros("retry", buried[0]["id"])
    assert code == ExitCode.OK, said
    done = [each for each in toros.plain("orders", "--desk", "data_manager")["orders"] if each["request"] == "retry"]
    code, said = toros("retry", done[0]["id"])
    assert code == ExitCode.FAILED


def test_requests_are_described(toros: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    assert toros.plain("describe", "observation")["properties"]["ra"]["exclusiveMaximum"] == 360
    assert "dome_status" in toros.plain("describe", "--desk", "telescope")["requests"]
    code, said = toros("describe", "observation")
    assert code == ExitCode.OK
    assert "right ascension" in said
    assert "example" in said
    assert toros("describe", "make_coffee")[0] == ExitCode.FAILED


def test_a_path_below_a_root_is_written_as_a_location(toros: Terminal, network: Network) -> None:
    from toros.cli.desks import Desks
    from toros.cli.submit import _located

    desks = Desks(network.config)
    frame = network.config.files.roots["raw"] / "2026-11-20" / "m31"
    frame.mkdir(parents=True, exist_ok=True)
    assert _located({"file_location": str(frame)}, desks) == {"file_location": "raw:2026-11-20/m31"}
    assert _located({"file_location": "raw:x"}, desks) == {"file_location": "raw:x"}
    assert _located({"file_location": "/etc/passwd"}, desks) == {"file_location": "/etc/passwd"}


def test_ctrl_c_ends_a_command_with_130(tmp_path: Path) -> None:
    lonely = Network(tmp_path, services=[])
    command = [sys.executable, "-m", "toros.cli", "submit", "close_dome", "--config", str(lonely.file)]
    heard = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # a test run in the background ignores it
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=heard)
    assert process.stderr is not None
    with process.stderr as said:
        assert "trying again" in said.readline()
        process.send_signal(signal.SIGINT)
        rest = said.read()
    assert process.wait(5) == ExitCode.INTERRUPTED
    assert "Traceback" not in rest


def test_an_order_waits_for_a_desk_that_comes_back(network: Network) -> None:
    telescope = network["telescope"]
    telescope.stop()
    command = [sys.executable, "-m", "toros.cli", "submit", "close_dome", "-w", "--json", "--config", str(network.file)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    time.sleep(1.0)
    assert process.poll() is None
    telescope.start()
    said, _ = process.communicate(timeout=30)
    assert process.returncode == ExitCode.OK
    assert json.loads(said)["state"] == "done"
    assert os.environ.get("TOROS_CONF") is None
