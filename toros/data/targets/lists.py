"""Lists of targets: made, filled, emptied."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select

from toros.data.permissions import Viewer, may_see_list
from toros.data.tables import Target, TargetList, TargetListMember
from toros.data.targets.names import key_of
from toros.errors import Permanent

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from workorders.targets import SaveList

__all__ = [
    "add_to_list",
    "count_missing",
    "find_list",
    "lists_of",
    "may_add",
    "remove_from_list",
    "save_list",
    "the_list",
]

CHUNK = 400  # values in one query; SQLite's oldest limit is 999


def find_list(session: Session, name: str, viewer: Viewer) -> TargetList | None:
    """Return the list of this name, as typed, where the viewer may see it."""
    return session.scalar(select(TargetList).where(TargetList.key == key_of(name), may_see_list(viewer)))


def the_list(session: Session, name: str, viewer: Viewer, *, field: str = "target_list") -> TargetList:
    """Return the list of this name; raise Permanent where there is none that the viewer may see."""
    found = find_list(session, name, viewer)
    if found is None:
        raise Permanent(f"{field}: there is no list {name!r}")
    return found


def save_list(session: Session, order: SaveList, *, viewer: Viewer, recorded: str) -> dict[str, Any]:
    """Make, rename, open or delete a list, as an order says; the same again changes nothing.

    Raises
    ------
    Permanent
        It is somebody else's, or its new name belongs to another list.
    """
    found = find_list(session, order.target_list, viewer)
    if order.delete:
        if found is not None:
            _may_change(found, viewer)
            session.execute(delete(TargetListMember).where(TargetListMember.list == found.number))
            session.delete(found)
        return {"deleted": found is not None}
    if found is None and order.name is not None:  # renamed already, where this is the same order again
        found = find_list(session, order.name, viewer)
    made = found is None
    if found is None:
        found = make_list(session, order.name or order.target_list, viewer, recorded)
    _may_change(found, viewer)
    if order.name is not None:
        _rename(session, found, order.name)
    if order.access is not None:
        found.access = order.access
    session.flush()
    size = session.scalar(select(func.count()).where(TargetListMember.list == found.number))
    return {"list": found.number, "name": found.name, "access": found.access, "made": made, "targets": size}


def make_list(session: Session, name: str, viewer: Viewer, recorded: str) -> TargetList:
    """Make an empty list; raise Permanent where somebody else's private one has this name."""
    if session.scalar(select(TargetList.number).where(TargetList.key == key_of(name))) is not None:
        raise Permanent(f"target_list: {name!r} is taken")
    made = TargetList(key=key_of(name), name=name, owner=viewer.name, access="public", created=recorded)
    session.add(made)
    session.flush()
    return made


def add_to_list(session: Session, name: str, targets: Sequence[int], *, viewer: Viewer, recorded: str) -> int:
    """Put targets into a list, which is made where it is not there; return how many were not in it before.

    Raises
    ------
    Permanent
        The list is somebody else's.
    """
    found = find_list(session, name, viewer) or make_list(session, name, viewer, recorded)
    _may_change(found, viewer)
    there = _members(session, found.number, targets)
    # One that was merged away since it was found is left out.
    exist = {number for chunk in _chunks(targets)
             for number in session.scalars(select(Target.number).where(Target.number.in_(chunk)))}  # fmt: skip
    rows = [{"list": found.number, "target": number} for number in sorted(exist - there)]
    if rows:
        session.execute(insert(TargetListMember), rows)
    return len(rows)


def count_missing(session: Session, name: str, targets: Sequence[int], viewer: Viewer) -> int:
    """Return how many of these targets are not in the list of this name, which may not be there."""
    found = find_list(session, name, viewer)
    return len(set(targets)) - (0 if found is None else len(_members(session, found.number, targets)))


def may_add(session: Session, name: str, viewer: Viewer) -> None:
    """Raise Permanent where a viewer may not put targets into the list of this name; one that is not there is fine."""
    found = find_list(session, name, viewer)
    if found is not None:
        _may_change(found, viewer)
    elif session.scalar(select(TargetList.number).where(TargetList.key == key_of(name))) is not None:
        raise Permanent(f"target_list: {name!r} is taken")


def remove_from_list(session: Session, name: str, targets: Sequence[int], *, viewer: Viewer, field: str) -> int:
    """Take targets out of a list; return how many were in it.

    Raises
    ------
    Permanent
        There is no such list, or it is somebody else's.
    """
    found = the_list(session, name, viewer, field=field)
    _may_change(found, viewer)
    there = _members(session, found.number, targets)
    for chunk in _chunks(sorted(there)):
        session.execute(
            delete(TargetListMember).where(TargetListMember.list == found.number, TargetListMember.target.in_(chunk))
        )
    return len(there)


def lists_of(session: Session, target: int, viewer: Viewer) -> list[str]:
    """Return the names of the lists that a target is in."""
    query = select(TargetList.name).join(TargetListMember, TargetListMember.list == TargetList.number)
    return list(session.scalars(query.where(TargetListMember.target == target, may_see_list(viewer)).order_by("name")))


def _rename(session: Session, found: TargetList, name: str) -> None:
    key = key_of(name)
    other = session.scalar(select(TargetList.number).where(TargetList.key == key))
    if other not in (None, found.number):
        raise Permanent(f"name: there is a list {name!r} already")
    found.key, found.name = key, name


def _may_change(found: TargetList, viewer: Viewer) -> None:
    if not viewer.everything and found.owner is not None and found.owner != viewer.name:
        raise Permanent(f"target_list: {found.name!r} belongs to {found.owner}, and only they change it")


def _members(session: Session, number: int, targets: Iterable[int]) -> set[int]:
    member = TargetListMember
    return {
        target
        for chunk in _chunks(list(targets))
        for target in session.scalars(select(member.target).where(member.list == number, member.target.in_(chunk)))
    }


def _chunks(values: Sequence[int]) -> list[Sequence[int]]:
    return [values[start : start + CHUNK] for start in range(0, len(values), CHUNK)]
