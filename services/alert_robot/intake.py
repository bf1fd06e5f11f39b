"""Taking an alert in: its content understood and kept, and the map fetched that it does not bring."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select

from toros.alerts.alert import Alert, clock_note
from toros.alerts.fields import LONGEST
from toros.alerts.reading import read_alert
from toros.download import Limits, download
from toros.durable import write_durably
from toros.errors import Permanent, Temporary, Unreadable
from toros.network.service import Context
from toros.store.schema import Order
from workorders.alerts import ProcessAlert

__all__ = ["content_of", "dated", "fetched_map", "kept", "received_at", "understood"]

ENDINGS = {"gwalert": "json", "voevent": "xml", "gcn": "json"}


def content_of(order: ProcessAlert, context: Context) -> bytes:
    """Return the alert that an order brings or names."""
    if order.alert is not None:
        return order.alert.encode("utf-8")
    with context.files.path(order.file_location or "").open("rb") as file:
        return file.read(4 * LONGEST + 1)


def understood(content: bytes, order: ProcessAlert, context: Context) -> Alert:
    """Return the alert; one that cannot be understood is reported, and its order buried with the reason."""
    try:
        return read_alert(content, topic=order.topic or "")
    except Unreadable as error:
        context.log.error("this alert cannot be understood: %s; list_alerts with unreadable: true has it", error)
        raise


def received_at(order: ProcessAlert, context: Context) -> datetime:
    """Return when the alert was received, not when there was time to look at it: when its order was stored."""
    asked = select(Order.accepted).where(Order.id == order.id)
    accepted = context.read(lambda session: session.scalar(asked))
    return datetime.fromisoformat(accepted).replace(tzinfo=UTC) if accepted else context.clock.now()


def dated(alert: Alert, arrived: datetime) -> Alert:
    """Return the alert with a time, and with what is odd about its clock among its notes."""
    odd = clock_note(alert, arrived)
    notes = (*alert.notes, odd) if odd else alert.notes
    return replace(alert, time_created=alert.time_created or arrived, notes=notes)


def kept(alert: Alert, content: bytes, context: Context) -> str:
    """Spool the alert as it came, durably, and return where."""
    location = f"alerts:{alert.event}/{alert.content_hash}.{ENDINGS.get(alert.format, 'txt')}"
    write_durably(context.files.path(location, must_exist=False), content)
    return location


def fetched_map(alert: Alert, context: Context) -> tuple[Path | None, list[str]]:
    """Return the file of a map that the alert only names, fetched once from allowed hosts, and what went wrong.

    Raises
    ------
    Temporary
        It may be had later, and there is no position to begin with.
    """
    url, settings = alert.best_skymap_url, context.config.alerts
    if url is None or alert.is_retraction:
        return None, []
    url = f"https{url[4:]}" if url.startswith("http:") else url  # some senders still write it so
    limits = Limits(tuple(settings.skymap_hosts), settings.skymap_timeout, settings.largest_skymap)
    try:
        fetched = download(url, limits)
    except Temporary:
        if alert.place is None and context.attempt < context.config.orders.tries:
            raise
        return None, [f"the map at {url} could not be fetched in time"]
    except Permanent as error:
        return None, [str(error)]
    file = context.files.path(f"alerts:{alert.event}/{fetched.sha256}.fits", must_exist=False)
    write_durably(file, fetched.content)
    return file, [f"the map was fetched from {fetched.url}"]
