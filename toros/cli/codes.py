"""Exit codes of every command; numbers are never reused."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["CODES_IN_WORDS", "ExitCode"]


class ExitCode(IntEnum):
    """How a command ended."""

    OK = 0
    FAILED = 1  # the order was refused, buried, cancelled or expired; a check found a problem
    USAGE = 2  # the words after `toros` make no command
    UNREACHABLE = 3  # a desk that had to answer did not
    CONFIGURATION = 4  # the configuration, a port, a database or a folder cannot be used
    UNFINISHED = 5  # the time given by --timeout was over before the order was done
    INTERRUPTED = 130  # Ctrl-C


CODES_IN_WORDS = (
    "Exit codes: 0 done; 1 refused, failed or a problem found; 2 wrong usage; 3 a desk cannot be reached; "
    "4 the configuration, a port, a database or a folder cannot be used; 5 not done within --timeout; 130 interrupted."
)
