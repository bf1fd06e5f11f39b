"""Databases of daemons as their migrations leave them: made once for each service, copied afterwards."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from toros.store.database import Database

__all__ = ["prepared_file"]


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
