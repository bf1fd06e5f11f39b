"""Merging: one target of two that are the same thing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Table, delete, inspect, select, update

from toros.data.permissions import Viewer
from toros.data.tables import METADATA, Target, TargetName
from toros.data.targets.names import the_target
from toros.data.targets.updating import may_change
from toros.errors import Permanent

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["Move", "merge_targets"]

OWN = {"number", "name", "kind", "rate", "access", "owner", "created", "changed"}  # these stay the primary's
TOGETHER = (  # one thing in several columns: taken whole or not at all
    ("ra", "dec", "epoch", "healpix", "galactic_longitude", "galactic_latitude", "constellation"),
    ("pm_ra", "pm_dec"),
    ("scheme", "epoch_of_elements", "inclination", "lng_asc_node", "arg_of_perihelion", "eccentricity", "mean_anomaly",
     "semimajor_axis", "mean_daily_motion", "perihdist", "epoch_of_perihelion"),
    ("last_mjd", "last_magnitude"),
)  # fmt: skip

Move = Callable[["Session", int, int], None]


def merge_targets(
    session: Session, primary: str, secondary: str, *, viewer: Viewer, recorded: str, moves: Sequence[Move] = ()
) -> Target:
    """Move all that the secondary has to the primary, and return that.

    The primary keeps its values and gets those that it lacks. All names of the secondary become its aliases. Whatever
    points at the secondary points at the primary then; what the primary has already is dropped.

    Parameters
    ----------
    session : Session
        Inside a transaction.
    primary, secondary : str
        Any of their names.
    viewer : Viewer
        Who merges them.
    recorded : str
        The time now; UTC, ISO 8601.
    moves : sequence of callable
        Called with the session and the numbers of the two, kept and gone, for rows that cannot just change hands:
        those that both may have, of which one must become the other.

    Raises
    ------
    Permanent
        One of them is not there or not the viewer's to change, they are the same, or one moves and the other does not.
    """
    kept = the_target(session, primary, viewer, field="primary")
    gone = the_target(session, secondary, viewer, field="secondary")
    if kept.number == gone.number:
        raise Permanent(f"secondary: {secondary!r} and {primary!r} are names of the same target already")
    if kept.kind != gone.kind:
        raise Permanent(f"secondary: one of {primary!r} and {secondary!r} has a position and the other an orbit")
    for target, name in ((kept, primary), (gone, secondary)):
        may_change(target, viewer, name)
    _fill(kept, gone)
    session.execute(update(TargetName).where(TargetName.target == gone.number).values(main=False, target=kept.number))
    for move in moves:
        move(session, kept.number, gone.number)
    for table, column in _pointing():
        if table.name != TargetName.__tablename__:
            _hand_over(session, table, column, kept.number, gone.number)
    kept.changed = recorded
    session.flush()
    session.delete(gone)
    session.flush()
    return kept


def _fill(kept: Target, gone: Target) -> None:
    together = {column for group in TOGETHER for column in group}
    alone = [(column.key,) for column in inspect(Target).column_attrs if column.key not in together | OWN]
    for group in (*TOGETHER, *alone):
        if group[0] == "last_mjd" and (gone.last_mjd or 0) <= (kept.last_mjd or 0):
            continue
        if group[0] == "last_mjd" or all(getattr(kept, column) is None for column in group):
            for column in group:
                setattr(kept, column, getattr(gone, column))


def _pointing() -> list[tuple[Table, str]]:
    """Return every table and column that points at a target."""
    return [
        (table, constraint.column_keys[0])
        for table in METADATA.sorted_tables
        for constraint in table.foreign_key_constraints
        if constraint.referred_table.name == Target.__tablename__
    ]


def _hand_over(session: Session, table: Table, column: str, kept: int, gone: int) -> None:
    """Let the rows of a table that point at one target point at the other; drop those that it has already."""
    owner = table.c[column]
    if owner.primary_key:
        other = [each for each in table.primary_key if each.name != column]
        twice = table.alias()
        there = select(1).where(twice.c[column] == kept, *[twice.c[each.name] == each for each in other])
        session.execute(delete(table).where(owner == gone, there.exists()))
    values: dict[str, Any] = {column: kept}
    session.execute(update(table).where(owner == gone).values(values))
