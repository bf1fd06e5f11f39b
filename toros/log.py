"""Logging: a file a daemon, the console, and mail to the administrators; never a password."""

from __future__ import annotations

import json
import logging
import logging.handlers
import os
import re
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toros.config.secrets import masked

if TYPE_CHECKING:
    from toros.config import Config

__all__ = ["JsonLines", "Line", "configure_logging", "log_file"]

COLOURS = {"DEBUG": "\x1b[2m", "WARNING": "\x1b[33m", "ERROR": "\x1b[31m", "CRITICAL": "\x1b[1;31m"}
PLAIN = "\x1b[0m"
CONTROL = re.compile(r"[\x00-\x1f\x7f\x80-\x9f\u2028\u2029]")
STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def log_file(config: Config, service: str) -> Path:
    """Return the file that a daemon writes: `{service}` replaced, or the service put beside the name.

    Two processes never share a file, since each would rotate it under the other's feet.
    """
    named = config.logging.file
    if "{service}" in named:
        return Path(named.replace("{service}", service))
    path = Path(named)
    return path.with_name(f"{path.stem}.{service}{path.suffix}")


def configure_logging(config: Config, service: str) -> None:
    """Send this process's log to its file, to the console and, ERROR and worse, to the administrators by mail.

    Where the file cannot be written, one warning says so and the daemon goes on with the console. Calling it again
    replaces what an earlier call set up.

    Parameters
    ----------
    config : Config
        Of which `logging`, `admin_emails` and `smtp` are read.
    service : str
        Name of the daemon: in the file's name and in every line.
    """
    handlers: list[logging.Handler] = [_console(service)]
    file = log_file(config, service)
    try:
        handlers.append(_file(config, service, file))
    except OSError as error:
        what_to_do = "make the folder writable, or change logging.file"
        print(f"{service}: no log in {file} ({error.strerror}): {what_to_do}", file=sys.stderr, flush=True)
    if config.smtp.host and config.admin_emails:
        from toros.mail import MailHandler

        mail = MailHandler(config.smtp, config.admin_emails, service)
        mail.setFormatter(Line(service))
        handlers.append(mail)
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
        old.close()
    for handler in handlers:
        root.addHandler(handler)
    root.setLevel(config.logging.level)
    logging.captureWarnings(True)


def _console(service: str) -> logging.Handler:
    handler = logging.StreamHandler(sys.stderr)
    colour = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    handler.setFormatter(Line(service, colour=colour))
    return handler


def _file(config: Config, service: str, file: Path) -> logging.Handler:
    """Return the handler of the daemon's file; only below `state` is a missing folder made."""
    if file.is_relative_to(config.state):
        file.parent.mkdir(parents=True, exist_ok=True)
    handler = _DailyFile(file, when="midnight", utc=True, backupCount=config.logging.keep, encoding="utf-8")
    handler.setFormatter(JsonLines(service) if config.logging.json_lines else Line(service))
    return handler


class _DailyFile(logging.handlers.TimedRotatingFileHandler):
    """A file a day that says once when it cannot be written (a full disk), and once when it can again."""

    _failing = False

    def emit(self, record: logging.LogRecord) -> None:
        failed_before, self._failing = self._failing, False
        super().emit(record)
        if failed_before and not self._failing:
            print(f"the log {self.baseFilename} is written again", file=sys.stderr, flush=True)
        elif self._failing and not failed_before:
            print(f"the log {self.baseFilename} cannot be written: {sys.exc_info()[1]}", file=sys.stderr, flush=True)

    def close(self) -> None:
        """Close the file, also on a full disk, where its last lines cannot be written."""
        with suppress(OSError):
            super().close()

    def handleError(self, record: logging.LogRecord) -> None:
        """Remember the failure; `emit` reports it."""
        self._failing = True


class Line(logging.Formatter):
    """One record as a line for people: time (UTC), level, service and process, logger, message.

    Control characters of the message are escaped, so that nobody can write a line that looks like another's.
    """

    def __init__(self, service: str, *, colour: bool = False) -> None:
        super().__init__()
        self.service = service
        self.colour = colour

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, and the traceback below it where there is one; secrets masked."""
        message = CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), record.getMessage())
        line = f"{_time(record)} {record.levelname:<7} {self.service}[{record.process}] {record.name}: {message}"
        line = masked("\n".join([line, *self._tracebacks(record)]))
        return f"{COLOURS[record.levelname]}{line}{PLAIN}" if self.colour and record.levelname in COLOURS else line

    def _tracebacks(self, record: logging.LogRecord) -> list[str]:
        parts = [self.formatException(record.exc_info)] if record.exc_info and record.exc_info[0] else []
        return [*parts, self.formatStack(record.stack_info)] if record.stack_info else parts


class JsonLines(Line):
    """One record as one JSON object: time, level, service, process, logger, message, and whatever came as `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the object on one line; secrets masked."""
        fields: dict[str, Any] = {
            "time": _time(record), "level": record.levelname, "service": self.service, "process": record.process,
            "logger": record.name, "message": masked(record.getMessage()),
        }  # fmt: skip
        extra = {name: value for name, value in vars(record).items() if name not in STANDARD and name not in fields}
        fields |= {name: value if _is_plain(value) else masked(str(value)) for name, value in extra.items()}
        if tracebacks := self._tracebacks(record):
            fields["traceback"] = masked("\n".join(tracebacks))
        return json.dumps(fields, ensure_ascii=False)


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, (bool, int, float))


def _time(record: logging.LogRecord) -> str:
    """Return a record's time in UTC, ISO 8601 with milliseconds."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z"
