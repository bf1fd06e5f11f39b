"""The front desk of a daemon: one XML-RPC method, and health, metrics and pages beside it.

One call goes: guard -> who asks -> body -> XML-RPC -> what is asked -> the ledger (an order) or a handler (a question).

It comes in one of two ways. Whatever HTTP can say comes through ASGI. The usual call, small and whole, is handed over
by `toros.network.protocol` without a task of its own. Both call `admit` and `begin`, where all the rules are.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from toros.errors import DatabaseError, Permanent, Temporary
from toros.network import wire
from toros.network.auth import ANYONE, Caller, Identities, Unknown
from toros.network.guard import DESK_PATHS, Guard, Headers, Rejected
from toros.network.metrics import CONTENT_TYPE, Metrics
from toros.network.replies import reject, reply_with
from toros.network.threads import Busy, Mailbox, Threads, result_of
from workorders import Receipt, Refusal, WorkOrder, parse, request_of
from workorders.refusal import FaultCode

if TYPE_CHECKING:
    from starlette.routing import BaseRoute
    from starlette.types import Receive, Scope, Send

    from toros.config import Config

__all__ = ["Accepting", "Call", "FrontDesk"]

log = logging.getLogger(__name__)

BESIDE = frozenset({"/healthz", "/metrics"})
LARGE = 50_000  # bytes: what takes longer to read than a millisecond or two is read in a thread
ACCEPTING = 10.0  # seconds in which the ledger must have stored an order
SAFETY = 1.0  # seconds that closing the dome waits for the ledger before it acts without
CHALLENGE = (b"www-authenticate", b'Basic realm="toros", charset="UTF-8"')


class Accepting(Protocol):
    """What the desk needs of the ledger."""

    def accept(self, order: WorkOrder) -> Future[Receipt]:
        """Store an order; the future holds its receipt once it is durable, or the Refusal."""
        ...

    def figures(self) -> dict[str, Any]:
        """Return counts for the metrics."""
        ...


def _unheard(_document: bytes) -> None:
    """Nobody waits for this reply yet."""


@dataclass(slots=True, eq=False)
class Call:
    """One call on its way through the desk.

    Attributes
    ----------
    caller : Caller
        Who asks.
    started : float
        The end of the headers; seconds of the performance counter.
    request : str
        What is asked, once that is known; for the metrics.
    reply : callable
        Takes the document that answers.
    reply_at_once : callable, optional
        Takes it on any thread, and returns False where it cannot be sent without the loop.
    """

    caller: Caller
    started: float
    request: str = "unread"
    reply: Callable[[bytes], None] = _unheard
    reply_at_once: Callable[[bytes], bool] | None = None


class FrontDesk:
    """The ASGI application of one daemon.

    Parameters
    ----------
    service : str
        The daemon, as the vocabulary names it.
    ledger : Accepting
        Where orders are stored.
    answer : callable
        `(question) -> mapping`; runs in a thread of the desk.
    act : callable, optional
        `(order) -> mapping`: does at once what must be done even when the ledger cannot write.
    instance : str, optional
        The daemon's name on the network.
    guard : Guard
        The rules at the door.
    identities : Identities, optional
        Who may ask; everybody where absent.
    pages : sequence of BaseRoute
        Web routes beside the desk.
    threads : int
        Questions answered at the same time.
    timeout : float
        A question must be answered within; seconds.

    Attributes
    ----------
    draining : bool
        Set to refuse what is new with STOPPING while the daemon finishes.
    """

    def __init__(
        self,
        service: str,
        ledger: Accepting,
        *,
        answer: Callable[[WorkOrder], Mapping[str, Any]],
        act: Callable[[WorkOrder], Mapping[str, Any]] | None = None,
        instance: str | None = None,
        guard: Guard | None = None,
        identities: Identities | None = None,
        pages: Sequence[BaseRoute] = (),
        threads: int = 4,
        timeout: float = 10.0,
    ) -> None:
        self.service = service
        self.instance = instance or service
        self.draining = False
        self.metrics = Metrics(service, ledger.figures)
        self.guard = guard or Guard()
        self._ledger = ledger
        self._answer = answer
        self._act = act or answer
        self._identities = identities
        self._pages = _pages(pages)
        self._questions = Threads(threads, f"{service}-questions", timeout)
        self._safety = Threads(2, f"{service}-safety", timeout)
        self._receipts = Mailbox()
        self._reading = Threads(1, f"{service}-reading", timeout)
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    def of(
        cls,
        config: Config,
        service: str,
        ledger: Accepting,
        *,
        answer: Callable[[WorkOrder], Mapping[str, Any]],
        act: Callable[[WorkOrder], Mapping[str, Any]] | None = None,
        pages: Sequence[BaseRoute] = (),
    ) -> FrontDesk:
        """Return the desk of a configured service; raise ConfigurationError where its identities cannot be read."""
        settings = config.services[service]  # type: ignore[index]
        security = config.security
        identities = Identities(config.state.expanduser() / security.identities) if security.authentication else None
        guard = Guard.of(settings, security)
        return cls(service, ledger, answer=answer, act=act, instance=settings.name, guard=guard,
                   identities=identities, pages=pages)  # fmt: skip

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        try:
            headers = self.guard.headers(scope["headers"])
            path, method = scope["path"], scope["method"]
            if path in DESK_PATHS and (method == "POST" or path == "/RPC2" or self._pages is None):
                await self._serve_call(scope, headers, receive, send)
            elif method not in ("GET", "HEAD"):
                somewhere = path in DESK_PATHS or path in BESIDE or self._pages is not None
                raise Rejected(405 if somewhere else 404, "nothing takes this here; the desk is at /RPC2")
            elif path == "/healthz":
                await reply_with(send, 503 if self.draining else 200, b"stopping\n" if self.draining else b"ok\n")
            else:
                await self._serve_page(scope, headers, receive, send)
        except Rejected as rejected:
            self.metrics.rejected(rejected.status)
            if rejected.reason and self._identities is not None:
                self._identities.note(rejected.reason, (scope.get("client") or ("?",))[0])
            await reject(rejected, receive, send)
        except ConnectionError:
            self.give_up()

    def admit(self, method: str, headers: Headers) -> Call:
        """Return a call whose body may be read; raise Rejected where it may not."""
        started = time.perf_counter()
        self.guard.check_desk(method, headers)
        return Call(self._caller(headers), started)

    def begin(
        self,
        call: Call,
        body: bytes,
        reply: Callable[[bytes], None],
        reply_at_once: Callable[[bytes], bool] | None = None,
    ) -> None:
        """Serve a call that was admitted and has its whole body.

        Parameters
        ----------
        call : Call
            From `admit`.
        body : bytes
            XML-RPC.
        reply : callable
            Gets the document, an answer, a receipt or a fault, all of them HTTP 200: once, on the loop's thread, before
            this returns or later.
        reply_at_once : callable, optional
            Gets a receipt instead, on the thread that stored the order; where it returns False, `reply` gets it too.
        """
        call.reply, call.reply_at_once = reply, reply_at_once
        if len(body) >= LARGE:
            self._later(call, self._begin_large(call, body))
            return
        try:
            self._begin(call, wire.loads(body))
        except Exception as error:  # noqa: BLE001 - the boundary: see _refuse
            self._refuse(call, error)

    def give_up(self) -> None:
        """Count a caller who went away before the end of its order."""
        self.metrics.rejected(499)

    def close(self) -> None:
        """Let the desk's threads end."""
        for threads in (self._questions, self._safety, self._reading):
            threads.close()

    async def _serve_page(self, scope: Scope, headers: Headers, receive: Receive, send: Send) -> None:
        """Serve the metrics, or one of the service's pages, which show what everybody has ordered."""
        caller = self._caller(headers)
        if scope["path"] == "/metrics":
            await self._serve_metrics(send)
        elif not caller.may("list_orders"):
            raise Rejected(403, "the pages are for those who may list all orders")
        elif self._pages is not None:
            await self._pages(scope, receive, send)
        else:
            raise Rejected(404, "nothing is here; the desk is at /RPC2")

    async def _serve_metrics(self, send: Send) -> None:
        """Serve the figures; the ledger's are asked for in a thread."""
        try:
            page = await self._questions.run(self.metrics.page)
        except Busy as busy:
            raise Rejected(503, str(busy)) from None
        await reply_with(send, 200, page, CONTENT_TYPE)

    async def _serve_call(self, scope: Scope, headers: Headers, receive: Receive, send: Send) -> None:
        """Serve one call of front_desk that came through ASGI."""
        call = self.admit(scope["method"], headers)
        body = await self.guard.body(receive)
        answered: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.begin(call, body, lambda document: None if answered.done() else answered.set_result(document))
        await reply_with(send, 200, await answered, b"text/xml")

    def _begin(self, call: Call, fields: Mapping[str, Any]) -> None:
        """Serve a call that was read; orders, which are many, need no task."""
        order = self._read(fields, call.caller)
        call.request = order.request
        request = request_of(order)
        if request.kind != "order":
            self._later(call, self._answer_question(call, order))
        elif request.without_ledger:
            self._later(call, self._take_surely(call, order))
        else:
            self._take(call, order)

    async def _begin_large(self, call: Call, body: bytes) -> None:
        """Serve a call that takes long to read."""
        self._begin(call, await self._reading.run(wire.loads, body))

    def _later(self, call: Call, work: Coroutine[Any, Any, None]) -> None:
        """Serve a call in a task of its own."""
        task = asyncio.get_running_loop().create_task(self._watched(call, work))
        self._tasks.add(task)  # the loop itself keeps no hold of it
        task.add_done_callback(self._tasks.discard)

    async def _watched(self, call: Call, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - the boundary: see _refuse
            self._refuse(call, error)

    def _refuse(self, call: Call, error: Exception) -> None:
        """Reply with a fault; a defect of ours becomes one without its inside."""
        if isinstance(error, Busy):
            self._end(call, wire.fault(Refusal(FaultCode.NO_ROOM, str(error))), "busy")
        elif isinstance(error, Refusal):
            self._end(call, wire.fault(error), error.code.name.lower())
        else:
            log.error("a defect while serving %s", call.request, exc_info=error)
            self._end(call, wire.fault(_defect()), "internal")

    def _end(self, call: Call, document: bytes, outcome: str) -> None:
        self.metrics.answered(call.request, outcome, time.perf_counter() - call.started)
        call.reply(document)

    def _caller(self, headers: Headers) -> Caller:
        """Return who asks; raise Rejected where it is nobody, in the same words for every reason."""
        if self._identities is None:
            return ANYONE
        try:
            return self._identities.caller(headers.get(b"authorization"))
        except Unknown as reason:
            raise Rejected(401, "a valid token is needed", [CHALLENGE], str(reason)) from None

    def _read(self, fields: Mapping[str, Any], caller: Caller) -> WorkOrder:
        """Return the order that these fields are, in the name of who asks; raise Refusal where it is not for us."""
        order = parse(fields, self.service, caller.user(None))
        if not caller.may(order.request):
            raise Refusal(FaultCode.FORBIDDEN, f"{caller.name} may not ask this", field="request", value=order.request,
                          allowed=", ".join(sorted(caller.requests)) or "nothing")  # fmt: skip
        if order.to is not None and order.to not in (self.instance, self.service):
            raise Refusal(FaultCode.WRONG_DESK, f"this desk is {self.instance}", field="to", value=order.to,
                          allowed=self.instance)  # fmt: skip
        user = caller.user(order.user)
        return order if user == order.user else order.model_copy(update={"user": user})

    async def _run(
        self, threads: Threads, function: Callable[[WorkOrder], Mapping[str, Any]], order: WorkOrder
    ) -> Mapping[str, Any]:
        """Run a handler in a thread of the desk, within its time; what it raises becomes a Refusal."""
        try:
            return await threads.run(function, order)
        except Permanent as error:
            raise Refusal(FaultCode.BAD_VALUE, str(error)) from None
        except Temporary as error:
            raise Refusal(FaultCode.NO_ROOM, str(error)) from None
        except DatabaseError as error:
            log.error("cannot answer %s: %s", order.request, error)
            raise Refusal(FaultCode.NO_ROOM, "the desk cannot read its database now; ask again later") from None

    async def _answer_question(self, call: Call, order: WorkOrder) -> None:
        """Reply with what the service's handler answers."""
        self._end(call, wire.answer(await self._run(self._questions, self._answer, order)), "answered")

    def _take(self, call: Call, order: WorkOrder) -> None:
        """Store an order; its receipt is the reply, once it is durable."""
        if self.draining:
            raise Refusal(FaultCode.STOPPING, "this desk is stopping; send the order again later")
        try:
            future = self._ledger.accept(order)
        except (DatabaseError, Temporary, OSError) as error:
            raise _cannot_store(order, error) from None
        letter = self._receipts.letter(
            ACCEPTING,
            lambda future: self._give_receipt(call, order, future),
            lambda future: self._give_receipt_at_once(call, future),
        )
        future.add_done_callback(letter.ring)

    def _give_receipt_at_once(self, call: Call, future: Future[Receipt]) -> bool:
        """Reply with the receipt of an order on the ledger's own thread; return False where that cannot be done."""
        if call.reply_at_once is None or future.exception() is not None:
            return False
        if not call.reply_at_once(_receipt(future.result())):
            return False
        self.metrics.answered(call.request, "accepted", time.perf_counter() - call.started)
        return True

    def _give_receipt(self, call: Call, order: WorkOrder, future: Future[Receipt] | None) -> None:
        """Reply with the receipt of an order, or with why there is none."""
        try:
            document = _receipt(result_of(future))
        except (DatabaseError, Temporary, OSError) as error:
            self._refuse(call, _cannot_store(order, error))
        except Exception as error:  # noqa: BLE001 - the boundary: see _refuse
            self._refuse(call, error)
        else:
            self._end(call, document, "accepted")

    async def _take_surely(self, call: Call, order: WorkOrder) -> None:
        """Store an order where that can be done within a second and workers still run; else do it now."""
        self._end(call, wire.answer(await self._stored_or_done(order)), "accepted")

    async def _stored_or_done(self, order: WorkOrder) -> Mapping[str, Any]:
        """Return the receipt of what keeps the instrument safe, or, where it cannot be stored, what was done."""
        why: object = "the desk is stopping"
        if not self.draining:
            try:
                receipt = await self._receipts.settled(self._ledger.accept(order), SAFETY)
                return receipt.plain()
            except Refusal as refusal:
                if not refusal.temporary:
                    raise
                why = refusal
            except Exception as error:  # noqa: BLE001 - whatever ails the ledger, the dome is closed
                why = error
        log.error("%s %s is done without the ledger: %s", order.request, order.id, why)
        result = await self._run(self._safety, self._act, order)
        return {"id": order.id, "request": order.request, "desk": self.service, "instance": self.instance,
                "status": "done", "stored": False, "result": dict(result)}  # fmt: skip


def _pages(routes: Sequence[BaseRoute]) -> Any:
    """Return the ASGI application of these routes, None where there are none."""
    if not routes:
        return None
    from starlette.applications import Starlette

    return Starlette(routes=list(routes))


def _receipt(receipt: Receipt) -> bytes:
    """Return the document that answers an order."""
    return wire.answer(receipt.plain())


def _cannot_store(order: WorkOrder, error: Exception) -> Refusal:
    log.error("cannot store %s %s: %s", order.request, order.id, error)
    return Refusal(FaultCode.NO_ROOM, "the desk cannot store now; send the order again later")


def _defect() -> Refusal:
    return Refusal(FaultCode.INTERNAL, "the desk failed over this order; its log has the details")
