"""Parcels: onward orders between the commit that caused them and the receipt of the desk they go to."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from toros.store.ledger_base import OUTBOX, LedgerBase, clean
from toros.store.schema import PARCELS
from toros.store.schema import Parcel as Row

__all__ = ["Outbox", "Parcel"]


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

    def waiting_desks(self) -> list[str]:
        """Return the desks for which something waits."""
        statement = sa.select(Row.desk).where(Row.state == "waiting").distinct()
        return list(self.database.read(lambda session: session.execute(statement).scalars().all()))

    def due(self, desk: str | None = None, *, limit: int = 50) -> list[Parcel]:
        """Return what should be sent now, the oldest first, at most `limit` for each peer.

        While a peer's oldest parcel waits for its next attempt, everything behind it waits too: orders for one
        desk arrive in the order in which they were written. What is parked holds up nobody.

        Parameters
        ----------
        desk : str, optional
            Only parcels for this service.
        """
        now, ahead = self._now(), self._ahead()

        def query(session: Session) -> list[Parcel]:
            found: list[Parcel] = []
            for peer in _peers(session, desk):
                rows = _waiting(session, *peer, limit)
                if rows and not now < rows[0].due <= ahead:
                    found += [Parcel(r.number, r.id, r.desk, r.instance, r.request, r.body, r.attempts) for r in rows]
            return sorted(found, key=lambda parcel: parcel.number)

        return self.database.read(query)

    def wait_for_parcels(self, timeout: float) -> None:
        """Sleep until a new parcel may have been written, or so many seconds; for the courier's one thread."""
        self._bells.wait(OUTBOX, timeout)

    def delivered(self, parcel: Parcel, receipt: Mapping[str, Any] | None = None) -> None:
        """Record that the peer gave its receipt."""
        accepted = str((receipt or {}).get("accepted") or self._now())[:32]
        self._settle_parcel(parcel, "waiting", "parked", state="delivered", delivered=accepted, reason=None)

    def postpone(self, parcel: Parcel, reason: str, delay: float) -> None:
        """Try again after so many seconds; the peer's later parcels wait behind."""
        self._settle_parcel(parcel, "waiting", due=self._now(delay), reason=clean(reason))

    def park(self, parcel: Parcel, reason: str) -> None:
        """Put a parcel aside that was refused for good; it stays visible and an operator may send it again."""
        self._settle_parcel(parcel, "waiting", state="parked", reason=clean(reason) or "refused")

    def _settle_parcel(self, parcel: Parcel, *states: str, **values: Any) -> None:
        statement = (
            sa.update(PARCELS)
            .where(Row.number == parcel.number, Row.state.in_(states))
            .values(attempts=Row.attempts + 1, **values)
        )
        self.database.write(lambda session: session.execute(statement) and None)


def _peers(session: Session, desk: str | None) -> list[tuple[str, str | None]]:
    statement = sa.select(Row.desk, Row.instance).where(Row.state == "waiting").distinct()
    if desk is not None:
        statement = statement.where(Row.desk == desk)
    return [(found, instance) for found, instance in session.execute(statement)]


def _waiting(session: Session, desk: str, instance: str | None, limit: int) -> Sequence[Any]:
    columns = (Row.number, Row.id, Row.desk, Row.instance, Row.request, Row.body, Row.due, Row.attempts)
    same = Row.instance.is_(None) if instance is None else Row.instance == instance
    statement = sa.select(*columns).where(Row.state == "waiting", Row.desk == desk, same).order_by(Row.number)
    return session.execute(statement.limit(limit)).all()
