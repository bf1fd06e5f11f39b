"""What tests of commands type, and what they read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from toros.cli import main

__all__ = ["Terminal"]


class Terminal:
    """Commands of one group, at one node.

    Parameters
    ----------
    file : Path
        The node's configuration.
    group : tuple of str
        Words that every command begins with, such as ("target",).
    capture : CaptureFixture
        Reads what they print.
    """

    def __init__(self, file: Path, group: tuple[str, ...], capture: pytest.CaptureFixture[str]) -> None:
        self._file = file
        self._group = group
        self._capture = capture

    def __call__(self, *words: str) -> tuple[int, str]:
        """Run a command and return its exit code and what it printed."""
        code = main([*self._group, *words, "--config", str(self._file)])
        said = self._capture.readouterr()
        return code, said.out + said.err

    def plain(self, *words: str) -> Any:
        """Return what a command prints for programs."""
        return json.loads(self(*words, "--json")[1])
