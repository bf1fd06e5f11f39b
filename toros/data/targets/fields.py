"""What hangs on a target beside its own row: extras, tags, groups; and what follows from its position."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select

from toros.data.tables import TargetExtra, TargetGroup, TargetTag

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = [
    "COLUMNS", "add_tags", "extra_row", "extras_of", "forget_extras", "groups_of", "load_sky", "places", "set_extras",
    "set_groups", "tags_of", "untag",
]  # fmt: skip

COLUMNS = (  # what may be said of a target, column by column
    "ra", "dec", "epoch", "pm_ra", "pm_dec", "parallax", "scheme", "epoch_of_elements", "inclination", "lng_asc_node",
    "arg_of_perihelion", "eccentricity", "mean_anomaly", "semimajor_axis", "mean_daily_motion", "perihdist",
    "epoch_of_perihelion", "importance", "cadence", "classification", "description", "access",
)  # fmt: skip
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d.*", re.ASCII)


def places(ra: Sequence[float], dec: Sequence[float]) -> list[dict[str, Any]]:
    """Return what the database keeps of positions: pixel, galactic coordinates, constellation.

    Parameters
    ----------
    ra, dec : sequence of float
        ICRS, degrees.
    """
    from toros.sky.coordinates import constellation, galactic
    from toros.sky.healpix import pixel_of

    if not len(ra):
        return []
    pixels = pixel_of(ra, dec).tolist()
    longitudes, latitudes = (each.tolist() for each in galactic(ra, dec))
    names = ("healpix", "galactic_longitude", "galactic_latitude", "constellation")
    return [
        dict(zip(names, row, strict=True))
        for row in zip(pixels, longitudes, latitudes, constellation(ra, dec).tolist(), strict=True)
    ]


def load_sky() -> None:
    """Load what computes places: half a second, once, before a transaction that must be short."""
    places([0.0], [0.0])


def extra_row(target: int, name: str, value: str | float | bool) -> dict[str, Any]:
    """Return an extra as the database keeps it: in the column of its kind."""
    row: dict[str, Any] = {"target": target, "name": name, "text": None, "number": None, "truth": None, "time": None}
    if isinstance(value, bool):
        kind = "truth"
    elif isinstance(value, str):
        kind = "time" if TIME.fullmatch(value) else "text"
    else:
        kind, value = "number", float(value)
    return row | {"kind": kind, kind: value}


def set_extras(session: Session, target: int, values: Mapping[str, Any]) -> None:
    """Keep these extras of a target; one of the same name is replaced."""
    if values:
        forget_extras(session, target, values)
        session.execute(insert(TargetExtra), [extra_row(target, name, value) for name, value in values.items()])


def forget_extras(session: Session, target: int, names: Iterable[str]) -> None:
    """Take extras from a target."""
    session.execute(delete(TargetExtra).where(TargetExtra.target == target, TargetExtra.name.in_(list(names))))


def extras_of(session: Session, target: int) -> dict[str, Any]:
    """Return a target's extras, by name."""
    query = select(TargetExtra).where(TargetExtra.target == target).order_by(TargetExtra.name)
    return {extra.name: getattr(extra, extra.kind) for extra in session.scalars(query)}


def add_tags(session: Session, target: int, tags: Iterable[str]) -> None:
    """Put words on a target; those that it has stay."""
    missing = sorted(set(tags) - set(tags_of(session, target)))
    if missing:
        session.execute(insert(TargetTag), [{"target": target, "tag": tag} for tag in missing])


def untag(session: Session, target: int, tags: Iterable[str]) -> None:
    """Take words from a target."""
    session.execute(delete(TargetTag).where(TargetTag.target == target, TargetTag.tag.in_(list(tags))))


def tags_of(session: Session, target: int) -> list[str]:
    """Return the words on a target."""
    return list(session.scalars(select(TargetTag.tag).where(TargetTag.target == target).order_by(TargetTag.tag)))


def set_groups(session: Session, target: int, groups: Iterable[str]) -> None:
    """Say which groups see a target while it is private."""
    session.execute(delete(TargetGroup).where(TargetGroup.target == target))
    rows = [{"target": target, "group_name": group} for group in sorted(set(groups))]
    if rows:
        session.execute(insert(TargetGroup), rows)


def groups_of(session: Session, target: int) -> list[str]:
    """Return the groups that see a target while it is private."""
    query = select(TargetGroup.group_name).where(TargetGroup.target == target).order_by(TargetGroup.group_name)
    return list(session.scalars(query))
