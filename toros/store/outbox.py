"""Parcels: onward orders between the commit that caused them and the receipt of the desk they go to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from toros.clock import iso
from toros.store.ledger_base import LedgerBase, clean
from toros.store.schema import Parcel as Row

__all__ = ["Outbox", "Parcel"]

MOST = 50  # parcels of one peer in hand; the next come when these are delivered
OUTBOX = "outbox"


@dataclass(frozen=True)
class Parcel:
    """An onward order to deliver.

    Attributes
    ----------
    number : int
        Its place in the outbox: what was written first goes first.
    id, desk, to, request : str
        The order's id, its service, the instance (None for any), what it asks.
    body : str
        The order as canonical JSON, the same bytes at every attempt.
    attempts : int
        Deliveries tried before.
    """

    number: int
    id: str
    desk: str
    to: str | None
    request: str
    body: str
    attempts: int

    @property
    def peer(self) -> tuple[str, str | None]:
        """Whom it goes to; parcels for one peer keep their order."""
        return self.desk, self.to

    def fields(self) -> dict[str, Any]:
        """Return the order as plain values for the wire."""
        fields: dict[str, Any] = json.loads(self.body)
        return fields


class Outbox(LedgerBase):
    """The part of the ledger behind the courier."""

    def due(self, now: datetime | None = None) -> list[Parcel]:
        """Return what should be sent now, the oldest first, at most some dozens for each peer.

        While a peer's oldest parcel waits for its next attempt, everything behind it waits too: orders for one
        desk arrive in the order in which they were written. What is parked holds up nobody.
        """
        moment = iso(now or self.clock.now())
        ahead = self._now(2 * self.settings.longest_delay + 60)

        def query(session: Session) -> list[Parcel]:
            found: list[Parcel] = []
            for desk, instance in _peers(session):
                for place, row in enumerate(_waiting(session, desk, instance)):
                    if place == 0 and moment < row.due <= ahead:
                        break
                    found.append(
                        Parcel(row.number, row.id, row.desk, row.instance, row.request, row.body, row.attempts)
                    )
            return sorted(found, key=lambda parcel: parcel.number)

        return self.database.read(query)

    def wait_for_parcels(self, timeout: float) -> None:
        """Sleep until a new parcel may have been written, or so many seconds; for the courier's one thread."""
        self._bells.wait(OUTBOX, timeout)

    def delivered(self, parcel: Parcel, receipt: Mapping[str, Any] | None = None) -> None:
        """Record that the peer gave its receipt."""
        accepted = str((receipt or {}).get("accepted") or self._now())[:32]
        self._settle_parcel(parcel, state="delivered", delivered=accepted, reason=None)

    def postpone(self, parcel: Parcel, reason: str, delay: float) -> None:
        """Try again after so many seconds; the peer's later parcels wait behind."""
        self._settle_parcel(parcel, due=self._now(delay), reason=clean(reason))

    def park(self, parcel: Parcel, reason: str) -> None:
        """Put a parcel aside that was refused for good; it stays visible and an operator may send it again."""
        self._settle_parcel(parcel, state="parked", reason=clean(reason) or "refused")

    def _settle_parcel(self, parcel: Parcel, **values: Any) -> None:
        statement = (
            sa.update(Row)
            .where(Row.number == parcel.number, Row.state == "waiting")
            .values(attempts=Row.attempts + 1, **values)
        )
        self.database.write(lambda session: session.execute(statement) and None)


def _peers(session: Session) -> list[tuple[str, str | None]]:
    rows = session.execute(sa.select(Row.desk, Row.instance).where(Row.state == "waiting").distinct())
    return [(desk, instance) for desk, instance in rows]


def _waiting(session: Session, desk: str, instance: str | None) -> Iterator[sa.Row[Any]]:
    columns = (Row.number, Row.id, Row.desk, Row.instance, Row.request, Row.body, Row.due, Row.attempts)
    same = Row.instance.is_(None) if instance is None else Row.instance == instance
    statement = sa.select(*columns).where(Row.state == "waiting", Row.desk == desk, same).order_by(Row.number)
    return iter(session.execute(statement.limit(MOST)))
