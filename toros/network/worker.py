"""The threads that take orders from the ledger, lane by lane, and store what their handlers make of them."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from toros.errors import ChildDied, DatabaseError, LeaseLost, OrderCancelled, Permanent, Temporary, TorosError
from toros.network.context import Attempt, OrderContext, QuestionContext, Workshop
from toros.network.heart import Heart
from toros.network.service import Handler, Onward, Outcome
from workorders import VOCABULARY, Refusal, WorkOrder, parse, request_of
from workorders.refusal import FaultCode

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from toros.network.service import Record
    from toros.store.ledger import Claim

__all__ = ["Workers"]

REST = 5.0  # seconds that an idle lane sleeps at most: nobody needs it to wake, it only says that it is alive
PATIENCE = (0.2, 5.0)  # seconds between two tries to store an ending while the database is away: first, longest
HARMLESS = (Temporary, ChildDied, DatabaseError)  # failures after which even what moves hardware may be tried again
UNKNOWN_STATE = (
    "the daemon was cut off in the middle of this order, and what it does is never done twice by itself: "
    "look at the device, then retry or cancel"
)

log = logging.getLogger("toros.worker")


class Workers:
    """The worker threads of one daemon.

    Parameters
    ----------
    shop : Workshop
        What all handlers share.
    handlers : mapping of request name to Handler
        Those of every desk and the service's own.
    lanes : mapping of lane to int
        Threads of each.
    committed : callable
        Called after an ending with onward orders was stored: wakes the courier.
    """

    def __init__(
        self,
        shop: Workshop,
        handlers: Mapping[str, Handler],
        lanes: Mapping[str, int],
        committed: Callable[[], None] = lambda: None,
    ) -> None:
        self._shop = shop
        self._handlers = handlers
        self._committed = committed
        self._stopping = threading.Event()
        self._acted: dict[str, Outcome] = {}
        self._heart = Heart(shop.config.orders.lease / 3)
        self._threads = [
            threading.Thread(target=self._serve_lane, args=(lane,), name=f"{lane}-{number}", daemon=True)
            for lane, threads in lanes.items()
            for number in range(threads)
        ]

    def start(self) -> None:
        """Begin to work."""
        self._heart.start()
        for thread in self._threads:
            thread.start()

    def steady(self) -> bool:
        """True where the last heartbeats could be stored; otherwise they are tried again now.

        While they could not, silence proves nothing: no lease may be judged before the next beat.
        """
        return self._heart.steady()

    def well(self) -> bool:
        """True while every thread lives and the heart beats."""
        return self._heart.well() and all(thread.is_alive() for thread in self._threads)

    def running(self) -> list[str]:
        """Return the ids of the orders under way."""
        return [attempt.claim.id for attempt in self._heart.running()]

    def drain(self, seconds: float) -> list[str]:
        """Take nothing new, let running orders end within `seconds`, give the others back; return their ids."""
        self._stopping.set()
        self._shop.ledger.wake()
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        unfinished = self._heart.running()
        for attempt in unfinished:
            attempt.end(LeaseLost("the daemon stops; the order was given back"))
            self._give_back(attempt.claim)
        self._heart.stop()
        return [attempt.claim.id for attempt in unfinished]

    def answer(self, question: WorkOrder) -> Mapping[str, Any]:
        """Answer a question; raise Refusal where it is not served."""
        handler = self._handler(question)
        answered = handler.function(question, QuestionContext(self._shop, question.id))
        if isinstance(answered, Outcome):
            raise TypeError(f"the handler of {question.request} returned an Outcome, not an answer")
        return answered

    def act(self, order: WorkOrder) -> Mapping[str, Any]:
        """Do an order at once, although the ledger cannot write; stored after all, it is not done again."""
        outcome = self._handler(order).function(order, QuestionContext(self._shop, order.id))
        if not isinstance(outcome, Outcome):
            raise TypeError(f"the handler of {order.request} returned {type(outcome).__name__}, not an Outcome")
        self._acted[order.id] = outcome
        if outcome.orders or outcome.record:
            log.error("%s %s was done without the ledger: its onward orders are lost", order.request, order.id)
        return outcome.result

    def _handler(self, order: WorkOrder) -> Handler:
        handler = self._handlers.get(order.request)
        if handler is None:
            sentence = f"{order.request} is not served by this version of {self._shop.service}"
            raise Refusal(FaultCode.NOT_SERVED, sentence, field="request", value=order.request)
        return handler

    def _serve_lane(self, lane: str) -> None:
        """Take one order after another until the daemon stops."""
        pause = 0.0
        while not self._stopping.is_set():
            try:
                claim = self._shop.ledger.claim(lane, self._shop.owner)
                pause = 0.0
                if claim is None:
                    self._shop.ledger.wait(lane, REST)
                else:
                    self._serve(claim)
            except LeaseLost as error:
                log.warning("lane %s: what was done is refused: %s", lane, error)
            except DatabaseError as error:
                pause = _longer(pause)
                log.error("lane %s: no order can be taken: %s; again in %.1f s", lane, error, pause)
                self._act_on_queued(lane)
                self._stopping.wait(pause)
            except Exception:  # noqa: BLE001 - a lane must outlive any order; the lease gives the order back
                log.exception("lane %s: a defect while serving an order", lane)
                pause = _longer(pause)
                self._stopping.wait(pause)

    def _act_on_queued(self, lane: str) -> None:
        """While nothing can be claimed: do what was accepted before, and must be done even so."""
        urgent = [
            r.name for r in VOCABULARY.values() if r.lane == lane and r.without_ledger and r.name in self._handlers
        ]
        for name in urgent:
            try:
                queued = self._shop.ledger.list_orders(state="queued", named=name)["orders"]
            except DatabaseError:
                return
            for row in reversed(queued):
                if row["id"] not in self._acted:
                    log.error("%s %s is done although the ledger cannot write", name, row["id"])
                    self.act(parse({"id": row["id"], "request": name, **row["fields"]}, self._shop.service))

    def _serve(self, claim: Claim) -> None:
        """Work on one order, to its end."""
        attempt = Attempt(claim, self._shop.ledger)
        with self._heart.beating(attempt):
            try:
                outcome = self._outcome(claim, OrderContext(self._shop, attempt))
                stored = self._patiently(lambda: self._shop.ledger.finish(claim, outcome))
            except LeaseLost:
                raise
            except Exception as error:  # noqa: BLE001 - whatever a handler raises ends this try and is told
                if isinstance(attempt.ended(), LeaseLost):
                    raise LeaseLost(f"{claim.request} {claim.id}: {attempt.ended()}") from error
                reason = error
                self._patiently(lambda: self._end(claim, reason))
                return
        if stored:
            self._follow_up(claim, outcome)

    def _follow_up(self, claim: Claim, outcome: Outcome) -> None:
        """After an order is done: send what it has caused, and let what it has cancelled hear of it."""
        self._acted.pop(claim.id, None)
        log.info("%s %s: done", claim.request, claim.id)
        if outcome.orders:
            self._committed()
        if request_of(claim.order).lane == "desk":
            self._heart.at_once()

    def _outcome(self, claim: Claim, context: OrderContext) -> Outcome:
        """Return what the handler makes of the order, its onward orders completed."""
        order = claim.order
        if order.id in self._acted:
            return self._acted[order.id]
        handler = self._handler(order)
        function = handler.function
        if claim.interrupted and request_of(order).repeat == "never":
            if handler.recover is None:
                raise Permanent(UNKNOWN_STATE)
            function = handler.recover
        outcome = function(order, context)
        if not isinstance(outcome, Outcome):
            raise Permanent(
                f"a defect: the handler of {order.request} returned {type(outcome).__name__}, not an Outcome"
            )
        onward = [self._onward(one, order) for one in outcome.orders]
        return replace(outcome, orders=onward, record=self._heeding(claim, outcome.record))

    def _heeding(self, claim: Claim, record: Record | None) -> Record:
        """Return the recording of an outcome, refused where the order was cancelled while its last step ran.

        What moves hardware has moved it by now: that is recorded although nobody wants it any more.
        """

        def recorded(session: Session) -> Mapping[str, Any] | None:
            if request_of(claim.order).repeat != "never":
                self._shop.ledger.heed(session, claim)
            return record(session) if record is not None else None

        return recorded

    def _onward(self, onward: WorkOrder | Onward, order: WorkOrder) -> WorkOrder | Onward:
        """Return an onward order with what it inherits: parent, user, priority, and that it is only a rehearsal."""
        if isinstance(onward, Onward):
            return replace(onward, order=self._inheriting(onward.order, order))
        return self._inheriting(onward, order)

    def _inheriting(self, onward: WorkOrder, order: WorkOrder) -> WorkOrder:
        inherited = {
            "parent": onward.parent or order.id,
            "user": onward.user or order.user or self._shop.instance,
            "priority": order.priority if onward.priority is None else onward.priority,
            "dry_run": onward.dry_run or order.dry_run,
        }
        return onward.model_copy(update=inherited)

    def _end(self, claim: Claim, error: Exception) -> None:
        """Store how a try ended that did not succeed."""
        ledger = self._shop.ledger
        if isinstance(error, OrderCancelled):
            reason = self._who_cancelled(claim) or str(error)
            ledger.drop(claim, reason)
            log.info("%s %s: %s", claim.request, claim.id, reason)
            return
        once = request_of(claim.order).repeat == "never" and not isinstance(error, HARMLESS)
        permanent = once or isinstance(error, Permanent | Refusal)
        known = isinstance(error, TorosError | Refusal)
        if not known:
            log.error("%s %s: a defect", claim.request, claim.id, exc_info=error)
        state = ledger.fail(claim, _reason(error), permanent=permanent)
        log.warning("%s %s: try %d failed, now %s: %s", claim.request, claim.id, claim.attempt, state, error)

    def _who_cancelled(self, claim: Claim) -> str:
        """Return who took the order back and why, as the ledger has it."""
        try:
            self._shop.database.read(lambda session: self._shop.ledger.heed(session, claim))
        except OrderCancelled as asked:
            return str(asked)
        return ""

    def _patiently(self, store: Callable[[], Any]) -> bool:
        """Store an ending, again and again while the database is away; nothing else can claim the order meanwhile.

        False where the daemon stops before it could be stored: the order is then as if its worker had died.
        """
        pause = 0.0
        while True:
            try:
                store()
                return True
            except DatabaseError as error:
                if self._stopping.is_set():
                    log.error("an ending could not be stored before the daemon stopped: %s", error)
                    return False
                pause = _longer(pause)
                log.error("an ending cannot be stored: %s; again in %.1f s", error, pause)
                self._stopping.wait(pause)

    def _give_back(self, claim: Claim) -> None:
        """Give an unfinished order back; one that is never repeated stays, as if by a crash, for `recover`."""
        if request_of(claim.order).repeat == "never":
            return
        try:
            self._shop.ledger.give_back(claim)
        except TorosError as error:  # its lease runs out instead
            log.warning("%s %s could not be given back: %s", claim.request, claim.id, error)


def _longer(pause: float) -> float:
    first, longest = PATIENCE
    return min(longest, max(first, 2 * pause))


def _reason(error: Exception) -> str:
    """Return in one sentence why a try failed."""
    if isinstance(error, Refusal):
        return error.sentence()
    if isinstance(error, TorosError):
        return str(error)
    return f"a defect in its handler: {type(error).__name__}: {str(error)[:500]}"
