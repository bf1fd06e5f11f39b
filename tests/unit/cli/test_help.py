"""Given somebody who asks for help, the command line answers at once and with examples."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from toros.cli import main
from toros.cli.codes import CODES_IN_WORDS, ExitCode
from toros.cli.manual import flowing

COMMANDS = (
    "run", "serve", "status", "submit", "orders", "cancel", "retry", "describe", "report", "init", "doctor", "demo",
)  # fmt: skip
WITH_JSON = ("status", "submit", "orders", "cancel", "retry", "describe", "report", "init", "doctor", "demo")
TOROS = [sys.executable, "-m", "toros.cli"]
LIBRARIES = ("alembic", "astropy", "numba", "numpy", "pydantic", "sqlalchemy", "starlette", "uvicorn")
HELP = f"""
import contextlib, sys
from toros.cli import main
with contextlib.suppress(SystemExit):
    main(["--help"])
print([name for name in {LIBRARIES} if name in sys.modules])
"""


def test_help_loads_no_library_that_it_does_not_need() -> None:
    """How soon it comes is measured by `scripts/bench desk`."""
    answer = subprocess.run([sys.executable, "-c", HELP], capture_output=True, text=True, check=True)
    assert all(command in answer.stdout for command in COMMANDS)
    assert answer.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_examples(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    said = capsys.readouterr().out
    assert f"toros {command}" in said.split("Examples:")[1]
    assert ("--json" in said) == (command in WITH_JSON)


def test_help_fits_any_terminal_and_no_flag_seems_to_take_a_value(capsys: pytest.CaptureFixture[str]) -> None:
    written = "Ask a desk\nfor work.\n\nIt is stored, and\nthen done.\n\nExamples:\n\n  toros a\n\n  toros b\n"
    assert (
        flowing(written) == "Ask a desk for work.\n\nIt is stored, and then done.\n\nExamples:\n\n$ toros a\n$ toros b"
    )
    assert main(["run", "--help"]) == 0
    assert "<bool>" not in capsys.readouterr().out


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
    [
        ("toros sub", "submit"),
        ("toros submit calibrate_fi", "calibrate_file_batch"),
        ("toros orders --desk tel", "telescope"),
    ],
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
