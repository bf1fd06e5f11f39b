"""Targets as plain rows, for answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from toros.data.many import among
from toros.data.permissions import Viewer
from toros.data.tables import DataProduct, Target, TargetTag
from toros.data.targets.fields import extras_of, groups_of
from toros.data.targets.lists import lists_of
from toros.data.targets.names import names_of, the_target
from toros.data.targets.priority import priority

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["rows_of", "show_target"]

INNER = ("healpix", "rate")  # ours alone


def rows_of(session: Session, numbers: Sequence[int], now: float) -> list[dict[str, Any]]:
    """Return targets as plain rows, in the order of the numbers, with aliases and tags; the unknown is left out.

    Parameters
    ----------
    now : float
        The time that priorities are computed for; MJD.
    """
    found: dict[int, dict[str, Any]] = {}
    tags: dict[int, list[str]] = {}
    for row in session.execute(select(Target.__table__).where(among(session, Target.number, numbers))).mappings():
        found[row["number"]] = _plain(row, now)
    words = select(TargetTag.target, TargetTag.tag).where(among(session, TargetTag.target, numbers))
    for target, tag in session.execute(words.order_by(TargetTag.target, TargetTag.tag)):
        tags.setdefault(target, []).append(tag)
    aliases = names_of(session, numbers)
    for number, plain in found.items():
        plain |= {"aliases": aliases.get(number, []), "tags": tags.get(number, [])}
    return [found[number] for number in numbers if number in found]


def show_target(session: Session, name: str, *, viewer: Viewer, now: float) -> dict[str, Any]:
    """Return all that is known of the target with this name; raise Permanent where the viewer sees none."""
    number = the_target(session, name, viewer).number
    (row,) = rows_of(session, [number], now)
    products = session.scalar(select(func.count()).where(DataProduct.target_number == number))
    return row | {
        "extras": extras_of(session, number),
        "lists": lists_of(session, number, viewer),
        "groups": groups_of(session, number),
        "products": products or 0,
    }


def _plain(row: Mapping[Any, Any], now: float) -> dict[str, Any]:
    plain = {name: value for name, value in row.items() if value is not None and name not in INNER}
    ranked = priority(now, row["last_mjd"], row["rate"])
    return plain if ranked is None else plain | {"priority": round(ranked, 6)}
