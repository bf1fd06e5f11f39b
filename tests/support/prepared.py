"""Databases of daemons as their migrations leave them: made once for each service, copied afterwards."""

from __future__ import annotations

import atexit
import os
import shutil
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

from tests.support.postgres import PostgresServer
from toros.store.database import Database

__all__ = ["KIND", "empty_url", "prepared_file", "prepared_url"]

KIND = "TOROS_TEST_DATABASE"  # "postgresql" has handlers and daemons that the tests start work on that


def empty_url() -> str | None:
    """Return the URL of a new database in PostgreSQL where `KIND` says so; None where daemons have files."""
    return _server().url().replace("postgres:@", "postgres@") if _on_postgresql() else None


def prepared_url(folder: Path, service: str) -> str:
    """Return the URL of an empty database of a service: a file in a folder, or where `KIND` says so in PostgreSQL."""
    if _on_postgresql():
        return _server().url(_server_template(service))
    return f"sqlite:///{prepared_file(folder / f'{service}.sqlite', service)}"


def prepared_file(file: Path, service: str) -> Path:
    """Put the empty database of a service into a file, unless there is one, and return the file."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(Path(_template(service).name) / "empty.sqlite", file)
    return file


@cache
def _template(service: str) -> TemporaryDirectory[str]:
    folder = TemporaryDirectory(prefix="toros-template-")
    database = Database(f"sqlite:///{folder.name}/empty.sqlite", service=service)
    database.prepare()
    database.close()
    return folder


def _on_postgresql() -> bool:
    return os.environ.get(KIND, "sqlite") == "postgresql"


@cache
def _server() -> PostgresServer:
    server = PostgresServer(Path(mkdtemp(prefix="toros-postgres-")))
    atexit.register(server.close)
    return server


@cache
def _server_template(service: str) -> str:
    url = _server().url()
    database = Database(url, service=service)
    database.prepare()
    database.close()
    return url
