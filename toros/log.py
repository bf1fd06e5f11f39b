"""Logging: a file a daemon, the console, and mail to the administrators."""

from __future__ import annotations

import logging
import logging.handlers
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from toros.config import Config

__all__ = ["configure_logging", "log_file"]


def log_file(config: Config, service: str) -> Path:
    """Return the file that a daemon writes: `{service}` replaced, or the service put beside the name."""
    named = Path(config.logging.file.replace("{service}", service))
    if "{service}" in config.logging.file:
        return named
    return named.with_name(f"{named.stem}.{service}{named.suffix}")


def configure_logging(config: Config, service: str) -> None:
    """Send this process's logs to its file and to the console."""
    file = log_file(config, service)
    root = logging.getLogger()
    root.setLevel(config.logging.level)
    formatter = logging.Formatter("%(asctime)s.%(msecs)03dZ %(levelname)-7s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handlers: list[logging.Handler] = [logging.StreamHandler()]
    try:
        if file.is_relative_to(config.state):
            file.parent.mkdir(parents=True, exist_ok=True)
        handlers.append(
            logging.handlers.TimedRotatingFileHandler(
                file, when="midnight", utc=True, backupCount=config.logging.keep, encoding="utf-8"
            )
        )
    except OSError as error:
        print(f"{service}: cannot write the log {file} ({error.strerror}); going on without it", file=sys.stderr)
    for handler in handlers:
        handler.setFormatter(formatter)
    root.handlers[:] = handlers
