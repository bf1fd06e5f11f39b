"""Given somebody who asks for help, the command line answers at once and with examples."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from toros.cli import main
from toros.cli.codes import CODES_IN_WORDS, ExitCode

COMMANDS = (
    "run", "serve", "status", "submit", "orders", "cancel", "retry", "describe", "report", "init", "doctor", "demo",
)  # fmt: skip
WITH_JSON = ("status", "submit", "orders", "cancel", "retry", "describe", "report", "init", "doctor", "demo")
TOROS = [sys.executable, "-m", "toros.cli"]
AT_ONCE = 0.3  # seconds that help may take


def test_help_comes_at_once() -> None:
    taken = []
    for _ in range(5):
        began = time.perf_counter()
        answer = subprocess.run([*TOROS, "--help"], capture_output=True, text=True, check=True)
        taken.append(time.perf_counter() - began)
        assert all(command in answer.stdout for command in COMMANDS)
    assert min(taken) < AT_ONCE, f"{min(taken):.2f} s"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_examples(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    said = capsys.readouterr().out
    assert f"toros {command}" in said.split("Examples:")[1]
    assert ("--json" in said) == (command in WITH_JSON)


def test_every_exit_code_is_documented(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert CODES_IN_WORDS in said
    assert [int(number) for number in re.findall(r"(\d+) ", CODES_IN_WORDS)] == [code.value for code in ExitCode]


def test_version_and_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    import toros

    assert main(["--version"]) == ExitCode.OK
    assert capsys.readouterr().out == f"toros {toros.__version__}\n"
    assert main(["observe"]) == ExitCode.USAGE
    assert main(["status", "--desk", "kitchen"]) == ExitCode.USAGE
    assert "allowed: alert_robot, telescope" in " ".join(capsys.readouterr().err.replace("│", " ").split())


@pytest.mark.parametrize(
    ("words", "completed"),
    [("toros sub", "submit"), ("toros submit calib", "calibrate_file_batch"), ("toros orders --desk tel", "telescope")],
)
def test_a_shell_completes_commands_requests_and_desks(words: str, completed: str) -> None:
    environment = {**os.environ, "_TOROS_COMPLETE": "complete_bash", "COMP_WORDS": words,
                   "COMP_CWORD": str(words.count(" "))}  # fmt: skip
    said = subprocess.run(TOROS, capture_output=True, text=True, env=environment, check=False)
    assert said.stdout.split() == [completed]


def test_importing_the_command_line_loads_nothing_heavy() -> None:
    heavy = {"pydantic", "yaml", "xmlrpc", "rich.table", "numpy", "sqlalchemy"}
    code = f"import sys, toros.cli.app; print(sorted({heavy} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                            cwd=Path(__file__).parents[3])  # fmt: skip
    assert loaded.stdout.strip() == "[]"
