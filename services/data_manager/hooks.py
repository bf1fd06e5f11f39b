"""Hooks of the data manager: each call of one is an order, caused together with what it follows."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from toros.config.values import HookName
from toros.data.hooks import Happening, filled, hooks_on, load_hook
from toros.errors import Permanent, Temporary, TorosError
from toros.network.service import Context, Handler, Outcome
from toros.store.schema import Order
from toros.webhook import host_of, post_json
from workorders import VOCABULARY, Refusal, WorkOrder, parse
from workorders.data import CallHook
from workorders.envelope import new_id

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from toros.config import HookSettings

__all__ = ["call_hook", "calls_of", "changed", "followed"]

When = Callable[[Mapping[str, Any]], object]


def followed(
    hook: HookName,
    function: Callable[[Any, Context], Outcome],
    when: Callable[[Mapping[str, Any]], object] = lambda _: True,
) -> Handler:
    """Return the handler of a request that a hook follows.

    Parameters
    ----------
    hook : str
        What has happened when the request is done.
    function : callable
        Serves the request.
    when : callable, optional
        Asked with the result whether it has happened.
    """

    def handler(order: WorkOrder, context: Context) -> Outcome:
        outcome = function(order, context)
        if order.dry_run or not when(outcome.result):
            return outcome
        return replace(outcome, orders=[*outcome.orders, *calls_of(hook, order, context)])

    return Handler(handler)


def changed(result: Mapping[str, Any]) -> bool:
    """Return whether measurements are new or other than they were."""
    return any(result.get(name) for name in ("new", "revised"))


def calls_of(hook: HookName, order: WorkOrder, context: Context) -> list[CallHook]:
    """Return the orders that call everything which follows a hook; none on a node without hooks.

    What a hook itself has asked of this desk is followed by none: hooks would call one another for ever.
    """
    names = hooks_on(hook, context.config.hooks)
    if not names or context.read(lambda session: _is_call(session, order.parent)):
        return []
    return [CallHook(hook=hook, name=name) for name in names]


def _is_call(session: Session, parent: str | None) -> bool:
    return session.scalar(select(Order.request).where(Order.id == parent)) == "call_hook"


def call_hook(order: CallHook, context: Context) -> Outcome:
    """Tell a function, a webhook or another desk what the order before this one has done."""
    happening = context.read(lambda session: _happening(session, order))
    called = f"{order.hook}.{order.name}"
    try:
        hook = load_hook(order.hook, order.name, context.config.hooks)
        if callable(hook):
            hook(happening)
            return Outcome({"called": called})
        if hook.url is not None:
            status = _post(hook.url, happening, context.config.hooks, order.id)
            return Outcome({"called": called, "answer": status})
        return Outcome({"called": called}, orders=[_onward(hook.order or {}, happening)])
    except TorosError as error:
        context.log.error("hook %s after %s: %s", called, happening.order, error)
        raise
    except Exception as error:
        context.log.exception("hook %s after %s failed", called, happening.order)
        raise Temporary(f"hook {called}: {type(error).__name__}: {error}") from error


def _happening(session: Session, order: CallHook) -> Happening:
    """Return what the order before has done, from the ledger itself."""
    columns = (Order.id, Order.request, Order.asked_by, Order.finished, Order.result, Order.fields, Order.state)
    row = session.execute(select(*columns).where(Order.id == order.parent)).first()
    if row is None or row.state != "done":
        raise Permanent(f"parent: {order.parent!r} is no order that this desk has done: there is nothing to tell")
    return Happening(order.hook, row.id, row.request, row.asked_by, row.finished or "", _plain(row.result),
                     _plain(row.fields))  # fmt: skip


def _plain(value: Any) -> dict[str, Any]:
    return dict(json.loads(value) if isinstance(value, str) else value or {})


def _onward(template: Mapping[str, Any], happening: Happening) -> WorkOrder:
    """Return the order that is to be sent, checked as its desk will check it."""
    try:
        onward = parse({"id": new_id(), **filled(template, happening)})
    except Refusal as refusal:
        raise Permanent(f"the order of this hook cannot be sent: {refusal.sentence()}") from None
    if VOCABULARY[onward.request].kind != "order":
        raise Permanent(f"the order of this hook asks {onward.request}, which is a question")
    return onward


def _post(url: str, happening: Happening, settings: HookSettings, order: str) -> int:
    """Tell a web server; return its status.

    Raises
    ------
    Temporary
        It does not answer, or asks for another try.
    Permanent
        Its host is not allowed, or it refuses.
    """
    host = host_of(url)
    if host not in {each.lower() for each in settings.hosts}:
        raise Permanent(f"{host} is not among hooks.hosts: webhooks go to {', '.join(settings.hosts) or 'no host'}")
    said = {"hook": happening.hook, "order": happening.order, "request": happening.request, "user": happening.user,
            "time": happening.time, "result": happening.result}  # fmt: skip
    body = json.dumps(said, separators=(",", ":"), allow_nan=False).encode()
    return post_json(url, body, timeout=settings.timeout, headers={"X-Toros-Order": order, **_signed(body, settings)})


def _signed(body: bytes, settings: HookSettings) -> dict[str, str]:
    if settings.key_file is None:
        return {}
    try:
        key = settings.key_file.read_bytes().strip()
    except OSError as error:
        raise Permanent(f"hooks.key_file cannot be read: {error.strerror}") from None
    return {"X-Toros-Signature": "sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest()}
