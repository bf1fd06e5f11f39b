"""Databases that may be moved in from, by their names in the configuration."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import sqlalchemy as sa

from toros.data.moving.source import Source
from toros.errors import ConfigurationError, Permanent

if TYPE_CHECKING:
    from toros.config.data_manager import MovingSettings

__all__ = ["configured_source"]

PASSWORD = "TOROS_MOVING_PASSWORD"


def configured_source(settings: MovingSettings, name: str) -> Source:
    """Open a database by its name, with the password that is in a file or in the environment.

    Raises
    ------
    Permanent
        There is none of this name.
    Temporary
        It does not answer.
    ConfigurationError
        The password file cannot be read.
    """
    if name not in settings.databases:
        allowed = ", ".join(sorted(settings.databases)) or "none: moving.databases is empty"
        raise Permanent(f"database: {name!r} is none of moving.databases; allowed: {allowed}")
    password = os.environ.get(PASSWORD)
    if settings.password_file is not None:
        try:
            password = settings.password_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ConfigurationError(f"moving.password_file cannot be read: {error.strerror}") from None
    url = sa.make_url(settings.databases[name])
    return Source.of_url(url.set(password=password) if password else url)
