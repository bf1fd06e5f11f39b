"""What the daemons' identities may ask of other desks, and those that lack some of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from toros.config import Config

__all__ = ["add_permissions", "lacking_permissions", "needs_of"]

EVERY_DESK = ("status", "list_orders", "describe", "cancel")
MAY_ASK = {  # what each daemon asks of others; an operator may ask everything
    "alert_robot": ("receive_targets", "add_target", "tell_alert"),
    "telescope": ("observation", "calibrate_file_batch", "update_observation"),
    "preprocessor": ("ingest_data_product",),
    "harvester": (),
    # of itself too: what follows an order is an order of its own, and comes through the desk like all others
    "data_manager": ("observation", "save_identities", "process_product", "call_hook", "send_notice"),
    "portal": ("list_alerts", "show_alert", "find_products", "dome_status"),
}


def needs_of(service: str, config: Config) -> list[str]:
    """Return the requests that a daemon asks of desks; the data manager also what the configured hooks order."""
    hooks = [str(call.order["request"]) for call in config.hooks.calls if call.order and "request" in call.order]
    asked = (*EVERY_DESK, *MAY_ASK.get(service, ()), *(hooks if service == "data_manager" else ()))
    return list(dict.fromkeys(asked))


def lacking_permissions(config: Config) -> dict[str, list[str]]:
    """Return the requests that daemons' identities in this node's file lack; who lacks none is left out.

    An upgrade of the program may make daemons ask more than the file lets them. An identity that is not in the file, or
    is revoked or a person's, is left to who wrote it.

    Raises
    ------
    ConfigurationError
        The identities file cannot be used.
    """
    from toros.network.auth import allowed_requests

    return _lacking(config, allowed_requests(config.security.identities))


def add_permissions(config: Config) -> dict[str, list[str]]:
    """Add what the daemons' identities lack, in one step, and return it; tokens stay as they are.

    Raises
    ------
    ConfigurationError
        The identities file cannot be used.
    """
    from toros.network.auth import allow

    lacking = lacking_permissions(config)
    path: Path = config.security.identities
    for name, requests in lacking.items():
        allow(path, name, requests)
    return lacking


def _lacking(config: Config, known: dict[str, frozenset[str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for service in config.services:
        if service in known and "*" not in known[service]:
            missing = [request for request in needs_of(service, config) if request not in known[service]]
            if missing:
                found[service] = missing
    return found
