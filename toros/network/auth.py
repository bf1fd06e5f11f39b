"""Who asks: identities by token, checked before a byte of the body is read.

A node's identities file names every daemon and person that may ask this node's desks:

.. code-block:: yaml

    alert_robot:
      sha256: 9f86d081...        # of the token; the token itself is written nowhere here
      requests: ["*"]            # or the names of what it may ask
      speaks_for_others: true    # its orders may name another user
      expires: 2027-11-20        # optional; UTC
      revoked: false             # optional
    beatriz:
      sha256: 60303ae2...
      requests: [status, ...]
      person: 2026-11-20T02:14:05.123  # written by the data manager (`save_identities`), as it knew her then

Tokens are 256 random bits, so that one SHA-256 is enough and a slow hash would only help who wants to keep us busy.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import hashlib
import hmac
import logging
import os
import re
import secrets
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from toros.errors import ConfigurationError

__all__ = [
    "ANYONE", "Caller", "Identities", "Unknown", "allow", "allowed_requests", "changed_file", "new_identity", "revoke",
]  # fmt: skip

log = logging.getLogger(__name__)

NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}"
HEADER = "# Who may ask this node's desks: name, SHA-256 of the token, allowed requests. Written by `toros init`.\n"
LOOK = 0.5  # seconds after which the file is looked at again
RECENT = 1000  # headers known to be right, by their SHA-256
BURST, PERIOD = 20, 60.0  # refused callers logged one by one in so many seconds; more are counted


class Unknown(Exception):
    """Nobody whom we know: the reason is for our log, never for the caller."""


@dataclass(frozen=True)
class Caller:
    """Who authenticated.

    Attributes
    ----------
    name : str
        As in the identities file; empty where authentication is off.
    requests : frozenset of str
        What it may ask; "*" is everything.
    speaks_for_others : bool
        Its orders may name another user.
    """

    name: str
    requests: frozenset[str]
    speaks_for_others: bool = False

    def may(self, request: str) -> bool:
        """True where this caller may ask this request."""
        return "*" in self.requests or request in self.requests

    def user(self, claimed: str | None) -> str:
        """Return whose name an order is stored under."""
        if self.speaks_for_others and claimed:
            return claimed
        return self.name or "anonymous"


ANYONE = Caller("", frozenset({"*"}), speaks_for_others=True)


class _Entry(BaseModel):
    """One identity as the file has it."""

    model_config = ConfigDict(extra="forbid")

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    requests: list[str] = Field(default_factory=list)
    speaks_for_others: bool = False
    expires: datetime | date | None = None
    revoked: bool = False
    person: datetime | str | None = None

    def expired(self, now: datetime) -> bool:
        """True after the last moment; a bare date counts to its end in UTC."""
        if self.expires is None:
            return False
        last = self.expires
        if not isinstance(last, datetime):
            last = datetime(last.year, last.month, last.day, 23, 59, 59)
        return now > (last if last.tzinfo else last.replace(tzinfo=UTC))


_FILE = TypeAdapter(dict[str, _Entry])


class Identities:
    """The identities file, read again when it changes: at once for a token not known yet, else within half a second.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    ConfigurationError
        The file is missing, broken or writable by everybody.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._looked = time.monotonic()
        self._seen = _signature(path)
        self._entries = _entries(path)
        self._refused = _Refused()
        self._recent: dict[bytes, tuple[Caller, _Entry]] = {}

    def caller(self, authorization: bytes | None) -> Caller:
        """Return who presents this Authorization header; raise Unknown where it is nobody.

        Parameters
        ----------
        authorization : bytes or None
            `Basic base64(user:token)` or `Bearer token`.
        """
        seen = hashlib.sha256(authorization or b"").digest()
        recent = self._recent.get(seen)
        if recent is None or time.monotonic() - self._looked > LOOK:
            recent = self._known(authorization)
            if len(self._recent) >= RECENT:
                self._recent.clear()
            self._recent[seen] = recent
        caller, entry = recent
        if entry.expires is not None and entry.expired(datetime.now(UTC)):
            raise Unknown(f"{caller.name}: expired")
        return caller

    def _known(self, authorization: bytes | None) -> tuple[Caller, _Entry]:
        """Return who presents this header, and the entry that says so."""
        name, token = _credentials(authorization)
        digest = hashlib.sha256(token).hexdigest()
        if digest not in self._entries or time.monotonic() - self._looked > LOOK:
            self._refresh()
        owner, entry = self._entries.get(digest, ("", None))
        if entry is None or not hmac.compare_digest(entry.sha256, digest):
            raise Unknown(f"{_shown(name)}: wrong token")
        if name is not None and not hmac.compare_digest(name.encode(), owner.encode()):
            raise Unknown(f"{_shown(name)}: the token of {owner}")
        if entry.revoked:
            raise Unknown(f"{owner}: revoked")
        return Caller(owner, frozenset(entry.requests), entry.speaks_for_others), entry

    def note(self, reason: str, address: str) -> None:
        """Log a refused caller; a flood of them is counted, not repeated."""
        self._refused.note(reason, address)

    def _refresh(self) -> None:
        """Read the file again where it changed; keep what we had where the new one cannot be used."""
        self._looked = time.monotonic()
        seen = _signature(self._path)
        if seen == self._seen:
            return
        self._seen = seen
        self._recent.clear()
        try:
            self._entries = _entries(self._path)
        except ConfigurationError as error:
            log.error("the identities known so far stay in force: %s", error)
        else:
            log.info("identities read again: %d known", len(self._entries))


class _Refused:
    """Every refused caller is logged: the first of a minute one by one, the others by their number."""

    def __init__(self) -> None:
        self._start = -PERIOD
        self._count = 0

    def note(self, reason: str, address: str) -> None:
        now = time.monotonic()
        if now - self._start > PERIOD:
            if self._count > BURST:
                log.warning("%d more callers were refused in the last minutes", self._count - BURST)
            self._start, self._count = now, 0
        self._count += 1
        if self._count <= BURST:
            log.warning("refused a caller from %s: %s", address, reason)
        elif self._count % 1000 == 0:
            log.warning("%d callers refused within a minute, the last from %s: %s", self._count, address, reason)


def new_identity(
    path: Path,
    name: str,
    requests: Sequence[str] = ("*",),
    *,
    speaks_for_others: bool = False,
    expires: date | None = None,
    replace: bool = False,
) -> str:
    """Add an identity to the file, made with mode 0600 where it is missing, and return its token: its only copy.

    Parameters
    ----------
    path : Path
        The identities file.
    name : str
        Of the daemon or person.
    requests : sequence of str
        What it may ask; "*" is everything.
    speaks_for_others : bool
        Its orders may name another user.
    expires : date, optional
        Last day; UTC.
    replace : bool
        Give a new token to a name that exists.

    Raises
    ------
    ConfigurationError
        The name is not usable or taken, or the file is broken.
    """
    if not re.fullmatch(NAME, name):
        raise ConfigurationError(f"{name!r} cannot name an identity: letters, digits, _ . - and at most 64 of them")
    token = secrets.token_urlsafe(32)
    entry: dict[str, Any] = {"sha256": hashlib.sha256(token.encode()).hexdigest(), "requests": list(requests)}
    if speaks_for_others:
        entry["speaks_for_others"] = True
    if expires is not None:
        entry["expires"] = expires
    with changed_file(path) as entries:
        if name in entries and not replace:
            raise ConfigurationError(f"{path} has an identity {name} already; ask for it to be replaced")
        entries[name] = entry
    return token


def revoke(path: Path, name: str) -> None:
    """Make an identity's token worthless at once; raise ConfigurationError where there is none of this name."""
    with changed_file(path) as entries:
        if name not in entries:
            raise ConfigurationError(f"{path} has no identity {name}")
        entries[name]["revoked"] = True


def allowed_requests(path: Path) -> dict[str, frozenset[str]]:
    """Return what each identity that is no person's, and is not revoked, may ask, by name.

    Raises
    ------
    ConfigurationError
        The file is missing or broken.
    """
    entries = _entries(path).values()
    return {name: frozenset(entry.requests) for name, entry in entries if entry.person is None and not entry.revoked}


def allow(path: Path, name: str, requests: Sequence[str]) -> None:
    """Let an identity ask more, with the token it has; raise ConfigurationError where there is none of this name."""
    with changed_file(path) as entries:
        if name not in entries:
            raise ConfigurationError(f"{path} has no identity {name}")
        before = entries[name].get("requests") or []
        entries[name]["requests"] = [*before, *[each for each in requests if each not in before]]


@contextmanager
def changed_file(path: Path) -> Iterator[dict[str, Any]]:
    """Give the file's content to be changed, one writer at a time, and replace the file in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if path.exists():
            _entries(path)
            entries = yaml.safe_load(path.read_text("utf-8")) or {}
        else:
            entries = {}
        yield entries
        _write(path, HEADER + yaml.safe_dump(entries, sort_keys=False))


def _write(path: Path, text: str) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".identities-")  # mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            _keep_owner(path, Path(name))
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _keep_owner(old: Path, new: Path) -> None:
    """Give the new file the owner, group and mode of the one it replaces: the daemons must go on reading it."""
    facts = old.stat()
    if (facts.st_uid, facts.st_gid) != (os.geteuid(), os.getegid()):
        os.chown(new, facts.st_uid, facts.st_gid)
    new.chmod(facts.st_mode & 0o7770)


def _signature(path: Path) -> tuple[int, int, int] | None:
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_mtime_ns, facts.st_size, facts.st_ino


def _entries(path: Path) -> dict[str, tuple[str, _Entry]]:
    """Return name and entry by the token's SHA-256; raise ConfigurationError where the file cannot be used."""
    try:
        if path.stat().st_mode & 0o002:
            raise ConfigurationError(f"{path} can be written by everybody: chmod o-w it")
        known = _FILE.validate_python(yaml.safe_load(path.read_text("utf-8")) or {})
    except FileNotFoundError:
        raise ConfigurationError(f"{path} is missing: `toros init` makes the first identity") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from None
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path} is not YAML: {str(error).replace(chr(10), ' ')}") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError(f"{path}, {where}: {first['msg'].lower()}") from None
    return {entry.sha256: (name, entry) for name, entry in known.items()}


def _credentials(authorization: bytes | None) -> tuple[str | None, bytes]:
    """Return the name (None for Bearer) and the token that a header presents."""
    if not authorization:
        raise Unknown("no token")
    scheme, _, value = authorization.partition(b" ")
    value = value.strip()
    if scheme.lower() == b"bearer" and value:
        return None, value
    if scheme.lower() != b"basic":
        raise Unknown("neither Basic nor Bearer")
    try:
        name, colon, token = base64.b64decode(value, validate=True).partition(b":")
    except binascii.Error:
        raise Unknown("Basic without base64") from None
    if not colon or not token:
        raise Unknown("Basic without a token")
    return name.decode("utf-8", "replace"), token


def _shown(name: str | None) -> str:
    return "a bearer" if name is None else repr(name[:40])
