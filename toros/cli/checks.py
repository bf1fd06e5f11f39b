"""The checks of `toros doctor`: each says what is so, and what to do where it is not well."""

from __future__ import annotations

import ctypes
import os
import shutil
import sqlite3
import stat
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from toros.config import Config

__all__ = ["Check", "all_checks"]

Verdict = Literal["ok", "warning", "problem"]
ROOM = 1_000_000_000  # free bytes below which a disk is a problem
COMFORT = 5_000_000_000  # and below which it is a warning
WRITTEN = 1_767_225_600  # 2026-01-01: the clock of a machine that runs this is later; Unix seconds
TIME_ERROR = 5  # linux/timex.h: the clock is not synchronised


@dataclass(frozen=True)
class Check:
    """What one check found.

    Attributes
    ----------
    subject : str
    verdict : {"ok", "warning", "problem"}
    found : str
        What is so.
    advice : str
        What to do; empty where it is well.
    """

    subject: str
    verdict: Verdict
    found: str
    advice: str = ""


def all_checks(config: Config, file: Path | None) -> Iterator[Check]:
    """Check a node, one subject after the other."""
    from toros.cli.listeners import listener_checks

    yield from _configuration(file)
    yield from _folders(config)
    yield from _secrets(config)
    yield _clock()
    yield from _databases(config)
    yield from listener_checks(config)
    yield from _facilities(config)
    yield from _desks(config)


def _configuration(file: Path | None) -> Iterator[Check]:
    if file is None:
        yield Check("configuration", "ok", "none was found: the embedded default is used")
        return
    mode = file.stat().st_mode
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        yield Check("configuration", "warning", f"{file} can be changed by others", f"chmod go-w {file}")
    else:
        yield Check("configuration", "ok", f"{file} is well formed")


def _folders(config: Config) -> Iterator[Check]:
    named = {"state": config.state, **{f"root {name}": path for name, path in config.files.roots.items()}}
    named["logs"] = Path(config.logging.file).parent
    for name, folder in named.items():
        if not folder.is_dir():
            above = next(parent for parent in folder.parents if parent.exists())
            made_by_us = folder.is_relative_to(config.state) or not name.startswith("root ")
            if made_by_us and above.is_dir() and os.access(above, os.W_OK):
                yield Check(name, "ok", f"{folder} will be made")
            else:
                yield Check(name, "problem", f"{folder} is not there", f"mkdir -p {folder}, or mount its disk")
        elif not os.access(folder, os.W_OK | os.X_OK):
            yield Check(name, "problem", f"{folder} cannot be written by this user", f"chown or chmod {folder}")
        else:
            yield _disk(name, folder)


def _disk(name: str, folder: Path) -> Check:
    free = shutil.disk_usage(folder).free
    found = f"{folder}: {free / 1e9:.1f} GB free"
    if free < ROOM:
        return Check(name, "problem", found, "make room: daemons refuse orders that they cannot store")
    if free < COMFORT:
        return Check(name, "warning", found, "make room soon")
    return Check(name, "ok", found)


def _secrets(config: Config) -> Iterator[Check]:
    """Check who may ask, and that nobody else can read how."""
    from toros.errors import ConfigurationError
    from toros.network.auth import Identities
    from toros.network.client import own_token

    if not config.security.authentication:
        yield Check("identities", "ok", "authentication is off: desks listen on this machine alone")
        return
    try:
        Identities(config.security.identities)
        yield Check("identities", "ok", f"{config.security.identities} is well formed")
        yield from _permissions(config)
    except ConfigurationError as error:
        yield Check("identities", "problem", str(error), "toros init makes the first identities")
    try:
        token = own_token(config)
    except ConfigurationError as error:
        yield Check("token", "problem", str(error), "set TOROS_TOKEN, or security.token_file")
        return
    if token is None:
        yield Check("token", "problem", "this node has no token", "set TOROS_TOKEN, or security.token_file")
    secret = config.security.token_file
    if secret and secret.exists() and secret.stat().st_mode & 0o077:
        yield Check("token", "problem", f"{secret} can be read by others", f"chmod 600 {secret}")


def _permissions(config: Config) -> Iterator[Check]:
    from toros.cli.permissions import lacking_permissions

    for name, requests in lacking_permissions(config).items():
        yield Check(f"identity {name}", "problem", f"may not ask {', '.join(requests)}, which its daemon does",
                    "toros doctor --permit adds it")  # fmt: skip


def _clock() -> Check:
    now = time.time()
    if now < WRITTEN:
        year = time.gmtime(now).tm_year
        return Check("clock", "problem", f"it is not {year}", "set the clock; times and order ids depend on it")
    if sys.platform == "linux":
        state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512))  # all zero: asks, changes nothing
        if state == TIME_ERROR:
            return Check("clock", "warning", "it is not synchronised", "run an NTP service such as chrony")
    return Check("clock", "ok", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)))


def _databases(config: Config) -> Iterator[Check]:
    from toros.errors import TorosError
    from toros.store.database import database_url

    for service in _own(config):
        subject = f"database {service}"
        try:
            url = database_url(config, service)
        except TorosError as error:
            yield Check(subject, "problem", str(error), "correct database.url")
            continue
        if url.get_backend_name() == "sqlite":
            yield _sqlite(subject, service, Path(str(url.database)))
        else:
            yield _postgresql(subject, url)


def _sqlite(subject: str, service: str, file: Path) -> Check:
    from toros.errors import DatabaseError
    from toros.store.health import check

    if not file.exists():
        return Check(subject, "ok", f"{file} will be made")
    try:
        check(file)
        with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as database:
            versions = [str(row[0]) for row in database.execute("SELECT version_num FROM alembic_version")]
        database.close()
    except (DatabaseError, sqlite3.Error) as error:
        return Check(subject, "problem", str(error), f"stop the daemon, then: toros doctor --restore {service}")
    newer = _newer(service, versions)
    if newer:
        return Check(
            subject, "problem", f"{file} is of a newer version ({newer})", "install that version of TOROS again"
        )
    return Check(subject, "ok", f"{file}: sound, {file.stat().st_size / 1e6:.1f} MB, {', '.join(sorted(versions))}")


def _newer(service: str, versions: list[str]) -> str:
    """Return the revision that this version of TOROS does not know."""
    from toros.store.upgrade import heads

    known = heads(service)
    for version in versions:
        branch, _, number = version.rpartition("_")
        if number.isdigit() and int(number) > known.get(branch, 0):
            return version
    return ""


def _postgresql(subject: str, url: Any) -> Check:
    import sqlalchemy as sa

    engine = sa.create_engine(url.set(drivername="postgresql+psycopg"), connect_args={"connect_timeout": 3})
    try:
        with engine.connect() as connection:
            version = connection.execute(sa.text("SHOW server_version")).scalar()
    except (sa.exc.SQLAlchemyError, ImportError) as error:
        reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
        return Check(subject, "problem", f"{url!r} cannot be opened: {reason}", "start PostgreSQL, or correct database")
    finally:
        engine.dispose()
    return Check(subject, "ok", f"PostgreSQL {version} at {url.host or 'the local socket'}")


def _facilities(config: Config) -> Iterator[Check]:
    """Check who can be asked for observations, where the data manager runs here."""
    from toros.data.observations.facilities import known_facilities
    from toros.errors import ConfigurationError

    if "data_manager" not in _own(config):
        return
    try:
        yield Check("facilities", "ok", f"observations can be asked of {', '.join(sorted(known_facilities()))}")
    except ConfigurationError as error:
        yield Check("facilities", "problem", str(error), "correct its package, or uninstall it")


def _own(config: Config) -> list[str]:
    """Return the services that this node runs."""
    return [name for name, settings in config.services.items() if settings.http is None]


def _desks(config: Config) -> Iterator[Check]:
    """Check that each desk answers, or that its port is free; and that all run on the same configuration."""
    from toros.cli.desks import Desks
    from toros.cli.status import look_at_desks

    found = look_at_desks(Desks(config, timeout=3.0))
    for service, answer in found.items():
        subject = f"desk {service}"
        if "silent" not in answer:
            yield _answering(subject, config, answer)
        elif service in _own(config):
            yield _silent(subject, config, service)
        else:
            yield Check(subject, "problem", str(answer["silent"]), "start it on its node, or correct services.http")


def _answering(subject: str, config: Config, answer: dict[str, Any]) -> Check:
    import toros
    from toros.config import config_hash

    service = subject.removeprefix("desk ")
    said = f"process {answer.get('pid')}, version {answer.get('version')}, configuration {answer.get('configuration')}"
    if answer.get("desk") != service:
        return Check(subject, "problem", f"{answer.get('desk')} answers at its address", f"correct services.{service}")
    if answer.get("configuration") != config_hash(config):
        advice = "restart it, or give both nodes the same file"
        return Check(subject, "warning", f"{said}: not this one, {config_hash(config)}", advice)
    if answer.get("version") != toros.__version__:
        return Check(subject, "warning", f"{said}: here is {toros.__version__}", "upgrade the older one")
    parked = answer.get("outbox", {}).get("parked", 0)
    buried = answer.get("counts", {}).get("buried", 0)
    if parked or buried:
        advice = "toros orders --tree shows the reasons; toros retry ID, or toros cancel ID"
        return Check(subject, "warning", f"{said}; {buried} orders buried, {parked} parked", advice)
    return Check(subject, "ok", said)


def _silent(subject: str, config: Config, service: str) -> Check:
    from toros.cli.ports import port_problem

    problem = port_problem(config, service)
    if problem:
        return Check(subject, "problem", f"{problem}", "see who has it: ss -ltnp")
    return Check(subject, "ok", "its port is free; the daemon is not running")
