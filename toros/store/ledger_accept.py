"""Taking orders in: once each, durably, with a receipt."""

from __future__ import annotations

import json
from concurrent.futures import Future
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlalchemy.dialects import postgresql, sqlite

from toros.clock import iso
from toros.store.connection import Driver, Statement
from toros.store.ledger_base import LedgerBase, clean, digest
from toros.store.schema import AT_ONCE, BODIES, ORDERS, Body, CancelNote, Horizon, Order, Remembered
from workorders import Receipt, Refusal, Request, WorkOrder
from workorders.envelope import CROCKFORD, State
from workorders.refusal import FaultCode

__all__ = ["Accepting", "time_of_id"]

ALWAYS = "9999"  # later than every time: the id tells none
SHORT = 200  # characters of a field's value that lists show
METAL = 300.0  # seconds in which what moves hardware must have begun: nobody expects the dome to turn later
ENVELOPE = frozenset(WorkOrder.model_fields)
_DIGIT = {letter: value for value, letter in enumerate(CROCKFORD)}


def time_of_id(order_id: str) -> float | None:
    """Return the Unix time in seconds inside a ULID; None where the id is not one."""
    if len(order_id) != 26 or order_id[0] > "7" or any(letter not in _DIGIT for letter in order_id):
        return None
    milliseconds = 0
    for letter in order_id[:10]:
        milliseconds = milliseconds * 32 + _DIGIT[letter]
    return milliseconds / 1000


def short_fields(order: WorkOrder) -> set[str]:
    """Return the names of an order's own fields that fit in a list: numbers, truths and short text."""
    return {
        name
        for name, value in order.__dict__.items()
        if name not in ENVELOPE
        and name not in order.unlisted
        and (isinstance(value, int | float) or (isinstance(value, str) and len(value) <= SHORT))
    }


class Accepting(LedgerBase):
    """The part of the ledger behind the front desk."""

    def accept(self, order: WorkOrder) -> Future[Receipt]:
        """Store an order; the future holds its receipt once it is durable.

        The same id with the same body gets the same receipt, before and after the order is done.

        Raises
        ------
        Refusal
            Inside the future: CONFLICT (the id was used for another order), TOO_OLD (the id is older than what is
            remembered), EXPIRED.
        DatabaseError
            Inside the future: nothing could be stored.
        """
        body = order.model_dump_json(exclude_none=True)
        row = self._row(order, digest(body), order.model_dump_json(include=short_fields(order)))
        return self.database.submit_plain(lambda driver: self._accept(driver, order, row, body))

    def accept_within(self, order: WorkOrder) -> Receipt:
        """Store an order from inside a change (`database.write`), which has asked the database something before.

        Raises
        ------
        Refusal
            As the future of `accept` would hold it.
        """
        body = order.model_dump_json(exclude_none=True)
        row = self._row(order, digest(body), order.model_dump_json(include=short_fields(order)))
        return self._accept(self.database.driver(), order, row, body)

    def _row(self, order: WorkOrder, hash_: str, fields: str) -> dict[str, Any]:
        request = self._request_of(order)
        return {
            "id": order.id, "request": order.request, "lane": request.lane, "priority": order.priority or 0.0,
            "expires": self._latest_start(order, request), "parent": order.parent,
            "asked_by": clean(order.user) if order.user else None, "hash": hash_,
            "fields": fields, "due": getattr(order, "not_before", None) or AT_ONCE,  # only some requests can wait
        }  # fmt: skip

    def _latest_start(self, order: WorkOrder, request: Request) -> str | None:
        """Return when an order expires: as it says, and within minutes where it moves hardware."""
        if not request.moves_hardware:
            return order.expires
        limit = self._now(METAL)
        return limit if order.expires is None else min(limit, order.expires)

    def _accept(self, driver: Driver, order: WorkOrder, row: dict[str, Any], body: str) -> Receipt:
        now = self._now()
        made = self._made(order.id)
        late = order.expires is not None and order.expires <= now
        if not late and (made is ALWAYS or made >= self._oldest()):
            new = driver.run(self._insert, accepted=now, changed=now, made=made, **row).fetchone()
            if new is not None:
                number, note = new
                driver.run(self._insert_body, number=number, body=body)
                self._settle(driver, number, row["lane"], now, note)
                return self._receipt(order.id, order.request, now, row["hash"])
        return self._known(driver, order, row["hash"], made)

    def _settle(self, driver: Driver, number: int, lane: str, now: str, note: str | None) -> None:
        """Cancel a new order where somebody asked for that before it came; else wake a worker."""
        if note is None:
            self.database.afterwards(lambda: self._bells.ring(lane))
        else:
            driver.run(self._cancel_new, at=now, why=note, target=number)

    def _known(self, driver: Driver, order: WorkOrder, hash_: str, made: str) -> Receipt:
        """Give the receipt again, or say why there is none."""
        found = driver.run(self._find, looked_for=order.id).fetchone()
        if found is not None:
            request, known_hash, accepted, body = found
            if known_hash == hash_ or (body is not None and self._same(body, order)):
                return self._receipt(order.id, request, accepted, known_hash)
            raise Refusal(
                FaultCode.CONFLICT, f"this id was used for another order ({request}, accepted {accepted})",
                field="id", value=order.id, allowed="a new id for a new order",
            )  # fmt: skip
        if self._forgotten(driver, made):
            raise Refusal(
                FaultCode.TOO_OLD, "this desk may have done the order and forgotten it: it will not do it again",
                field="id", value=order.id, allowed=f"an id made in the last {self.settings.retention:g} days",
            )  # fmt: skip
        raise Refusal(
            FaultCode.EXPIRED, "the order came after the time until which it was wanted",
            field="expires", value=order.expires, allowed=f"later than {self._now()}",
        )  # fmt: skip

    def _same(self, body: str, order: WorkOrder) -> bool:
        """Return True where a stored order reads the same today: an upgrade may have added a field with a default."""
        try:
            return self._parse(json.loads(body), None) == order
        except Refusal:
            return False

    def _made(self, order_id: str) -> str:
        """Return when an id was made, as the tables write it: a ULID tells, others are remembered for ever."""
        made = time_of_id(order_id)
        return ALWAYS if made is None else iso(datetime.fromtimestamp(made, UTC))

    def _oldest(self) -> str:
        """Return the time before which finished orders are forgotten, as the tables write it."""
        return iso(self._oldest_remembered())

    def _forgotten(self, driver: Driver, made: str) -> bool:
        """Return True where an order whose id was made then may have been done and forgotten."""
        horizon: str = driver.run(self._horizon).fetchone()[0]
        return made < max(self._oldest(), horizon)

    def _receipt(self, order_id: str, request: str, accepted: str, hash_: str) -> Receipt:
        return Receipt(order_id, request, self.service, self.instance, accepted, hash_)

    @cached_property
    def _insert(self) -> Statement:
        """Store an order unless it was here before; give its number, and why it was cancelled before it came."""
        columns = ("id", "request", "lane", "priority", "expires", "parent", "asked_by", "hash", "fields", "accepted",
                   "changed", "due")  # fmt: skip
        values: dict[str, Any] = {name: bindparam(name, type_=ORDERS.c[name].type) for name in columns}
        fixed = {"state": State.QUEUED.value, "tries": 0, "lease": 0, "beats": 0}
        values |= {name: bindparam(name, value, ORDERS.c[name].type) for name, value in fixed.items()}
        values |= {"interrupted": sa.false() if self.database.dialect == "postgresql" else sa.literal_column("0")}
        known = sa.exists().where(Remembered.id == values["id"])
        forgotten = sa.exists().where(Horizon.forgotten > bindparam("made", type_=sa.String))
        insert: Any = sqlite.insert if self.database.dialect == "sqlite" else postgresql.insert
        note = sa.select(CancelNote.reason).where(CancelNote.id == values["id"]).scalar_subquery()
        chosen = sa.select(*values.values()).where(~known, ~forgotten)
        statement = insert(ORDERS).from_select(list(values), chosen).on_conflict_do_nothing(index_elements=["id"])
        return self.database.compiled(statement.returning(Order.number, note))

    @cached_property
    def _horizon(self) -> Statement:
        return self.database.compiled(sa.select(sa.func.coalesce(sa.func.max(Horizon.forgotten), "")))

    @cached_property
    def _insert_body(self) -> Statement:
        values: dict[str, Any] = {"number": bindparam("number"), "body": bindparam("body")}
        return self.database.compiled(sa.insert(BODIES).values(**values))

    @cached_property
    def _cancel_new(self) -> Statement:
        at: Any = bindparam("at")
        values = {"state": State.CANCELLED.value, "changed": at, "finished": at, "reason": bindparam("why")}
        return self.database.compiled(sa.update(ORDERS).where(Order.number == bindparam("target")).values(**values))

    @cached_property
    def _find(self) -> Statement:
        wanted: Any = bindparam("looked_for")
        here = (
            sa.select(Order.request, Order.hash, Order.accepted, Body.body)
            .join(Body, Body.number == Order.number)
            .where(Order.id == wanted)
        )
        before = sa.select(Remembered.request, Remembered.hash, Remembered.accepted, sa.null()).where(
            Remembered.id == wanted
        )
        return self.database.compiled(here.union_all(before))
