"""What a failed command says, and the exit code that goes with it."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from toros.cli.codes import ExitCode
from toros.errors import TorosError

__all__ = ["Ended", "NotReachable", "end_where_nothing_was_taken", "in_words"]


class NotReachable(TorosError):
    """A desk that had to answer did not."""


class Ended(Exception):
    """The command has said all that there is to say and ends with this code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def end_where_nothing_was_taken(result: Mapping[str, Any], *taken: str) -> None:
    """End as failed where every row of a file was refused, so that a script sees it too."""
    if result["refused"] and not any(result[name] for name in taken):
        raise Ended(ExitCode.FAILED)


def in_words(error: BaseException, *, as_json: bool = False) -> int:
    """Say in one sentence what went wrong and return the exit code; a defect of ours is raised again."""
    if isinstance(error, Ended):
        return error.code
    code = _code_of(error)
    if code is None:
        raise error
    told: dict[str, Any] = {"error": _sentence(error), "exit_code": int(code)}
    fault = getattr(error, "code", None)
    if isinstance(fault, int):
        told["fault"] = int(fault)
    if as_json:
        print(json.dumps(told))
    else:
        print(f"toros: {told['error']}", file=sys.stderr)
    return code


def _code_of(error: BaseException) -> ExitCode | None:
    from toros.errors import ConfigurationError, DatabaseError
    from workorders import Refusal

    if isinstance(error, Refusal):
        return ExitCode.FAILED
    if isinstance(error, NotReachable):
        return ExitCode.UNREACHABLE
    if isinstance(error, ConfigurationError | DatabaseError):
        return ExitCode.CONFIGURATION
    if isinstance(error, TorosError | OSError):
        return ExitCode.FAILED
    return None


def _sentence(error: BaseException) -> str:
    from workorders import Refusal

    if isinstance(error, Refusal):
        return error.sentence()
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error) or type(error).__name__
