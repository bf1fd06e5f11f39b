"""Given a node, `toros run` runs its daemons, shows one log, and leaves nothing behind however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.daemons import Network
from toros.cli.codes import ExitCode
from toros.cli.runview import RunView

SERVICES = ["telescope", "harvester"]


def until(true: Callable[[], object], timeout: float = 20.0) -> None:
    deadline = time.monotonic() + timeout
    while not true():
        assert time.monotonic() < deadline, "never came true"
        time.sleep(0.05)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class Run:
    """`toros run` in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.network = Network(folder, services=SERVICES)
        self.said = folder / "said"
        with self.said.open("w") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "toros.cli", "run", *SERVICES, "--config", str(self.network.file)],
                stdout=out, stderr=subprocess.STDOUT,
            )  # fmt: skip
        for name in SERVICES:
            until(lambda n=name: f"{n} 0." in self.said.read_text() and "is ready" in self.said.read_text())

    def pids(self) -> list[int]:
        return [int(self.network[name].ask("status")["pid"]) for name in SERVICES]


@contextmanager
def running(folder: Path) -> Iterator[Run]:
    run = Run(folder)
    try:
        yield run
    finally:
        run.process.kill()
        run.process.wait()


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_drains_all_and_ends_with_0(tmp_path: Path, sign: signal.Signals) -> None:
    with running(tmp_path) as run:
        until(lambda: len(set(run.pids())) == 2)
        pids = run.pids()
        for _ in range(20):
            run.process.send_signal(sign)
        assert run.process.wait(30) == ExitCode.OK
        assert not any(alive(pid) for pid in pids)
    lines = run.said.read_text().splitlines()
    assert any(" telescope " in line and "stopped" in line for line in lines)
    assert all(line[2] == line[5] == ":" for line in lines), "one log, every line with its time"


def test_a_daemon_that_is_killed_is_started_again_and_the_others_go_on(tmp_path: Path) -> None:
    with running(tmp_path) as run:
        until(lambda: run.pids())
        telescope, harvester = run.pids()
        os.kill(telescope, signal.SIGKILL)

        def back() -> bool:
            try:
                return run.pids()[0] != telescope
            except OSError:
                return False

        until(back)
        assert run.pids()[1] == harvester
        assert "ended (SIGKILL) and is started again in 0.5 s" in run.said.read_text()


def test_daemons_end_with_a_run_that_is_killed(tmp_path: Path) -> None:
    with running(tmp_path) as run:
        until(lambda: run.pids())
        pids = run.pids()
        run.process.kill()
        run.process.wait()
        until(lambda: not any(alive(pid) for pid in pids), 10)


def test_the_table_shows_every_daemon(tmp_path: Path) -> None:
    from rich.console import Console

    from toros.network.supervisor import ChildState

    view = RunView(Network(tmp_path, services=SERVICES).config)
    view.say("telescope", "2026-11-20T02:14:05.123Z WARNING telescope[12] toros.worker: [bold]clouds[/]\x1b[2J")
    states = [ChildState("telescope", "ready", 12, 90_000_000, 2, "1 order waits", -9),
              ChildState("harvester", "waiting", None, 0, 1, "", 1)]  # fmt: skip
    console = Console(width=160, color_system=None)
    with console.capture() as said:
        console.print(view.table(states))
    lines = said.get().splitlines()
    assert "telescope ready ×2 12 90" in " ".join(lines[1].split())
    assert "toros.worker: [bold]clouds[/]" in lines[1]
    assert "\x1b" not in lines[1]
    assert "harvester waiting" in " ".join(lines[2].split())


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("2026-11-20T02:14:05.123Z INFO    telescope[12] toros: done", "02:14:05 telescope    INFO    toros: done"),
        ('{"time": "2026-11-20T02:14:05.123Z", "level": "ERROR", "message": "no"}', "02:14:05 telescope    ERROR   no"),
    ],
)  # fmt: skip
def test_lines_are_merged_in_one_form(tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str, said: str) -> None:
    RunView(Network(tmp_path, services=SERVICES).config, plain=True).say("telescope", line)
    assert capsys.readouterr().out.strip() == said
