"""Asking the desks of a network from the command line."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from toros.cli.failures import NotReachable
from workorders import VOCABULARY, Refusal, parse
from workorders.refusal import FaultCode

if TYPE_CHECKING:
    from toros.config import Config

__all__ = ["FINAL", "Desks", "new_order"]

FINAL = frozenset({"done", "buried", "cancelled", "expired"})
HARDWARE_EXPIRES = 300.0  # an order that moves hardware is not started later than this; seconds


class Desks:
    """The desks that a configuration names.

    Parameters
    ----------
    config : Config
    timeout : float
        A desk must answer one call within; seconds.
    """

    def __init__(self, config: Config, *, timeout: float = 10.0) -> None:
        self.config = config
        self.timeout = timeout

    def ask(self, desk: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Put one question or order to a desk.

        Raises
        ------
        NotReachable
            It did not answer.
        Refusal
            It will not take this.
        """
        from toros.network.client import Unreachable, client_of

        try:
            with client_of(self.config, desk, self.timeout) as client:
                return client.front_desk(body)
        except Unreachable as error:
            raise NotReachable(f"{desk}: {error}") from error

    def send(
        self,
        desk: str,
        body: Mapping[str, Any],
        *,
        patience: float = 20.0,
        note: Callable[[str], None] | None = None,
    ) -> dict[str, Any]:
        """Hand an order in and return its receipt; the same id is sent again until there is one, or it is refused.

        Parameters
        ----------
        desk : str
        body : mapping
        patience : float
            How long to go on; seconds.
        note : callable, optional
            Told why it is sent again, the first time.

        Raises
        ------
        NotReachable
            No answer within `patience` seconds.
        Refusal
            Refused for good, or still for a passing reason when the patience ended.
        """
        deadline = time.monotonic() + patience
        delay = 0.2
        note = note or _say_nothing
        while True:
            try:
                return self.ask(desk, body)
            except (NotReachable, Refusal) as error:
                passing = isinstance(error, NotReachable) or error.temporary
                if not passing or time.monotonic() + delay > deadline:
                    raise
                note(f"{error}; trying again for {patience:g} s")
                note = _say_nothing
            time.sleep(delay)
            delay = min(2 * delay, 3.0)

    def status(self, desk: str, order_id: str) -> dict[str, Any]:
        """Return an order's row at a desk."""
        return self.ask(desk, {"request": "status", "order_id": order_id})

    def find(self, order_id: str, desk: str | None = None) -> dict[str, Any]:
        """Return an order's row from whichever desk has it.

        Raises
        ------
        Refusal
            No desk knows it.
        NotReachable
            No desk that answered knows it, and some did not answer.
        """
        silent: list[str] = []
        for name in [desk] if desk else list(self.config.services):
            try:
                return self.status(name, order_id)
            except NotReachable as error:
                silent.append(str(error))
            except Refusal as error:
                if error.code != FaultCode.UNKNOWN_ORDER:
                    raise
        if silent:
            raise NotReachable(f"no desk that answers knows {order_id}; {silent[0]}")
        raise Refusal(FaultCode.UNKNOWN_ORDER, "no desk knows this order", field="order_id", value=order_id)


def _say_nothing(_said: str) -> None:
    """Take a note and leave it."""


def new_order(fields: Mapping[str, Any], desk: str | None = None) -> tuple[str, dict[str, Any]]:
    """Return the desk and the body of an order: read, given an id and the time, and checked as the desk will.

    Raises
    ------
    Refusal
        The desk would refuse it, or it can go to any desk and none is named.
    """
    from datetime import UTC, datetime, timedelta

    from toros.clock import iso
    from workorders.envelope import new_id
    from workorders.spelling import translated

    given = {"id": new_id(), "datetime": iso(datetime.now(UTC)), **translated(fields)}
    request = VOCABULARY.get(str(given.get("request")))
    if request and request.moves_hardware and "expires" not in given:
        given["expires"] = iso(datetime.now(UTC) + timedelta(seconds=HARDWARE_EXPIRES))
    order = parse(given, desk)
    home = desk or VOCABULARY[order.request].desk
    if home == "every":
        raise Refusal(FaultCode.WRONG_DESK, f"{order.request} can go to every desk: name one with --desk")
    return home, order.body()
