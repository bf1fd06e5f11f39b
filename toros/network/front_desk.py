"""The front desk of a daemon: one XML-RPC method, and health, metrics and pages beside it.

One call goes: guard -> who asks -> body -> XML-RPC -> what is asked -> the ledger (an order) or a handler (a question).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Protocol

from toros.errors import DatabaseError, Permanent, Temporary
from toros.network import wire
from toros.network.auth import ANYONE, Caller, Identities, Unknown
from toros.network.guard import DESK_PATHS, Guard, Rejected
from toros.network.metrics import CONTENT_TYPE, Metrics
from toros.network.threads import Busy, Mailbox, Threads
from workorders import Receipt, Refusal, WorkOrder, parse, request_of
from workorders.refusal import FaultCode

if TYPE_CHECKING:
    from starlette.routing import BaseRoute
    from starlette.types import Receive, Scope, Send

    from toros.config import Config

__all__ = ["Accepting", "FrontDesk"]

log = logging.getLogger(__name__)

BESIDE = frozenset({"/healthz", "/metrics"})
LARGE = 50_000  # bytes: what takes longer to read than a millisecond or two is read in a thread
LINGER = 1.0  # seconds in which a rejected caller may finish sending, so that it hears why
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
                await _reply(send, 503 if self.draining else 200, b"stopping\n" if self.draining else b"ok\n")
            else:
                await self._serve_page(scope, headers, receive, send)
        except Rejected as rejected:
            self.metrics.rejected(rejected.status)
            await _reject(rejected, receive, send)
        except ConnectionError:
            self.metrics.rejected(499)

    def close(self) -> None:
        """Let the desk's threads end."""
        for threads in (self._questions, self._safety, self._reading):
            threads.close()

    async def _serve_page(self, scope: Scope, headers: dict[bytes, bytes], receive: Receive, send: Send) -> None:
        """Serve the metrics, or one of the service's pages."""
        self._caller(scope, headers)
        if scope["path"] == "/metrics":
            await self._serve_metrics(send)
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
        await _reply(send, 200, page, CONTENT_TYPE)

    async def _serve_call(self, scope: Scope, headers: dict[bytes, bytes], receive: Receive, send: Send) -> None:
        """Serve one call of front_desk: an answer, a receipt or a fault, all of them HTTP 200."""
        started = time.perf_counter()
        self.guard.check_desk(scope["method"], headers)
        caller = self._caller(scope, headers)
        body = await self.guard.body(receive)
        request, outcome = "unread", "answered"
        try:
            fields = wire.loads(body) if len(body) < LARGE else await self._reading.run(wire.loads, body)
            order = self._read(fields, caller)
            request = order.request
            if request_of(order).kind == "order":
                document, outcome = wire.answer(await self._take(order)), "accepted"
            else:
                document = wire.answer(await self._run(self._questions, self._answer, order))
        except Busy as busy:
            document, outcome = wire.fault(Refusal(FaultCode.NO_ROOM, str(busy))), "busy"
        except Refusal as refusal:
            document, outcome = wire.fault(refusal), refusal.code.name.lower()
        except Exception:  # noqa: BLE001 - the boundary: a defect of ours becomes a fault without its inside
            log.exception("a defect while serving %s", request)
            document, outcome = wire.fault(_defect()), "internal"
        self.metrics.answered(request, outcome, time.perf_counter() - started)
        await _reply(send, 200, document, b"text/xml")

    def _caller(self, scope: Scope, headers: dict[bytes, bytes]) -> Caller:
        """Return who asks; raise Rejected where it is nobody, in the same words for every reason."""
        if self._identities is None:
            return ANYONE
        try:
            return self._identities.caller(headers.get(b"authorization"))
        except Unknown as reason:
            self._identities.note(str(reason), (scope.get("client") or ("?",))[0])
            raise Rejected(401, "a valid token is needed", [CHALLENGE]) from None

    def _read(self, fields: Mapping[str, Any], caller: Caller) -> WorkOrder:
        """Return the order that these fields are, in the name of who asks; raise Refusal where it is not for us."""
        order = parse(fields, self.service)
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

    async def _take(self, order: WorkOrder) -> Mapping[str, Any]:
        """Store an order and return its receipt; what keeps the instrument safe is done even where that fails."""
        if request_of(order).without_ledger:
            return await self._take_surely(order)
        if self.draining:
            raise Refusal(FaultCode.STOPPING, "this desk is stopping; send the order again later")
        try:
            receipt = await self._receipts.settled(self._ledger.accept(order), ACCEPTING)
        except (DatabaseError, Temporary, OSError) as error:
            log.error("cannot store %s %s: %s", order.request, order.id, error)
            raise Refusal(FaultCode.NO_ROOM, "the desk cannot store now; send the order again later") from None
        return receipt.model_dump(mode="json")

    async def _take_surely(self, order: WorkOrder) -> Mapping[str, Any]:
        """Store an order where that can be done within a second and workers still run; else do it now."""
        why: object = "the desk is stopping"
        if not self.draining:
            try:
                receipt = await self._receipts.settled(self._ledger.accept(order), SAFETY)
                return receipt.model_dump(mode="json")
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


def _defect() -> Refusal:
    return Refusal(FaultCode.INTERNAL, "the desk failed over this order; its log has the details")


async def _reply(send: Send, status: int, body: bytes, kind: bytes = b"text/plain; charset=utf-8") -> None:
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _reject(rejected: Rejected, receive: Receive, send: Send) -> None:
    """Say why and hang up, but hear the caller out for a moment: who is cut off while sending never reads the reply."""
    body = f"{rejected}\n".encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
        *rejected.headers,
    ]
    await send({"type": "http.response.start", "status": rejected.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": True})
    try:
        async with asyncio.timeout(LINGER):
            await _hear_out(receive)
    except TimeoutError:
        pass
    await send({"type": "http.response.body", "body": b""})


async def _hear_out(receive: Receive, most: int = 1_000_000) -> None:
    """Throw away what still comes, up to so many bytes."""
    message = await receive()
    while message["type"] == "http.request" and message.get("more_body") and most > 0:
        most -= len(message.get("body", b""))
        message = await receive()
