"""Names of targets, as people type them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update

from toros.data.many import among
from toros.data.permissions import Viewer, visible
from toros.data.tables import Target, TargetName
from toros.errors import Permanent

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = [
    "add_names",
    "forget_names",
    "is_name",
    "key_of",
    "known_names",
    "names_of",
    "number_of",
    "rename",
    "the_target",
]

LOOSE = re.compile(r"[\s\-_()\[\]\u2010-\u2015\u2212]+")
LONGEST = 256  # characters of a key
CHUNK = 400  # values in one query; SQLite's oldest limit is 999


def key_of(name: str) -> str:
    """Return a name as it is compared: small letters, without spaces, hyphens, underscores and brackets.

    Raises
    ------
    Permanent
        Nothing is left of it, or too much.
    """
    key = _key(name)
    if not key:
        raise Permanent(f"name: {name!r} has neither letters nor digits")
    if len(key) > LONGEST:
        raise Permanent(f"name: {name[:40]!r}… is too long")
    return key


def is_name(text: str) -> bool:
    """Whether there is something in a text that names could be compared by."""
    return 0 < len(_key(text)) <= LONGEST


def _key(name: str) -> str:
    if name.isascii():
        return LOOSE.sub("", name.lower())
    key, before = name, ""
    while key != before:  # what is left of a name may be written shorter still
        key, before = LOOSE.sub("", unicodedata.normalize("NFKC", key).casefold()), key
    return key


def number_of(session: Session, name: str, viewer: Viewer) -> int | None:
    """Return the number of the target with this name, any of its names as typed; None where nobody is seen so."""
    query = select(Target.number).join(TargetName, TargetName.target == Target.number)
    return session.scalar(visible(query.where(TargetName.key == key_of(name)), viewer))


def the_target(session: Session, name: str, viewer: Viewer, *, field: str = "target") -> Target:
    """Return the target with this name.

    Raises
    ------
    Permanent
        There is none, or none that the viewer may see.
    """
    number = number_of(session, name, viewer)
    if number is None:
        raise Permanent(f"{field}: there is no target {name!r}")
    return session.get_one(Target, number)


def known_names(session: Session, names: Iterable[str]) -> dict[str, int]:
    """Return the target of each of these names that is known, by key."""
    keys = sorted({key_of(name) for name in names})
    found: dict[str, int] = {}
    for start in range(0, len(keys), CHUNK):
        query = select(TargetName.key, TargetName.target).where(TargetName.key.in_(keys[start : start + CHUNK]))
        found.update((row.key, row.target) for row in session.execute(query))
    return found


def add_names(session: Session, target: int, names: Mapping[str, str | None]) -> list[str]:
    """Give a target further names, each with its source; return those that are new.

    Raises
    ------
    Permanent
        One of them belongs to another target.
    """
    known = known_names(session, names)
    rows: dict[str, dict[str, object]] = {}
    for name, source in names.items():
        key = key_of(name)
        if known.get(key, target) != target:
            raise Permanent(f"aliases: {name!r} is taken")
        if key not in known:
            rows.setdefault(key, {"key": key, "name": name, "target": target, "source": source, "main": False})
    if rows:
        session.execute(insert(TargetName), list(rows.values()))
    return [str(row["name"]) for row in rows.values()]


def forget_names(session: Session, target: int, names: Iterable[str]) -> None:
    """Take aliases from a target; the main name stays.

    Raises
    ------
    Permanent
        One of them is the main name.
    """
    for name in names:
        row = session.get(TargetName, key_of(name))
        if row is None or row.target != target:
            continue
        if row.main:
            raise Permanent(f"forget_aliases: {name!r} is the main name; give it another with `name` first")
        session.delete(row)
    session.flush()


def rename(session: Session, target: Target, name: str) -> None:
    """Give a target another main name; the old one becomes an alias unless it is the same to who types it.

    Raises
    ------
    Permanent
        The name belongs to another target.
    """
    key, old = key_of(name), key_of(target.name)
    if known_names(session, [name]).get(key, target.number) != target.number:
        raise Permanent(f"name: {name!r} is taken")
    session.execute(update(TargetName).where(TargetName.key == old).values(main=False))
    session.execute(delete(TargetName).where(TargetName.key == key))
    session.execute(insert(TargetName).values(key=key, name=name, target=target.number, source=None, main=True))
    target.name = name


def names_of(session: Session, targets: Iterable[int]) -> dict[int, list[dict[str, str]]]:
    """Return the further names of targets, each with its source where it has one, as plain rows."""
    found: dict[int, list[dict[str, str]]] = {}
    query = (
        select(TargetName.target, TargetName.name, TargetName.source)
        .where(among(session, TargetName.target, targets), ~TargetName.main)
        .order_by(TargetName.target, TargetName.key)
    )
    for row in session.execute(query):
        alias = {"name": row.name} | ({"source": row.source} if row.source else {})
        found.setdefault(row.target, []).append(alias)
    return found
