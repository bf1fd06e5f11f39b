"""Telling of an alert, where the configuration allows it: by mail with a picture, by webhook, to the older broker."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from services.alert_robot.broker import upload
from toros.alerts.telescopes import followers_of
from toros.alerts.telling import chat_of, draw_sky, subject_of, text_of
from toros.errors import Permanent
from toros.network.service import Context, Outcome
from toros.receivers import check_receiver, mail_to
from toros.store.alerts import AlertRow
from toros.webhook import post_json

if TYPE_CHECKING:
    from pathlib import Path

    from workorders.alerts import TellAlert

__all__ = ["tell_alert"]


def tell_alert(order: TellAlert, context: Context) -> Outcome:
    """Draw the picture where it is not there yet, and tell one receiver."""
    row = context.read(lambda session: session.scalar(select(AlertRow).where(AlertRow.order_id == order.alert)))
    if row is None:
        raise Permanent(f"{order.alert} is no order that has brought an alert")
    if order.receiver is not None:
        check_receiver(order.receiver, context.config, field="receiver", news="alerts")
    if order.dry_run:
        return Outcome({"told": False})
    if order.receiver is not None and order.receiver == context.config.alerts.broker.url:
        return Outcome({"event": row.event, "told": True, "status": upload(row.result, context.config)})
    plot = _picture(row, context)
    result: dict[str, Any] = {"event": row.event, "told": order.receiver is not None}
    if plot is not None:
        result["sky_plot"] = row.result["sky_plot"]
    if order.receiver is not None and "://" in order.receiver:
        body = json.dumps({"text": chat_of(row.result)}).encode()
        result["status"] = post_json(order.receiver, body, timeout=context.config.notices.timeout)
    elif order.receiver is not None:
        mail_to(
            order.receiver, subject_of(row.result), text_of(row.result), order_id=order.id, smtp=context.config.smtp,
            picture=plot,
        )  # fmt: skip
    return Outcome(result)


def _picture(row: AlertRow, context: Context) -> Path | None:
    """Return the picture's file, drawn once; None where there is nothing to draw, or it cannot be drawn."""
    location = row.result.get("sky_plot")
    if location is None:
        return None
    plot, skymap = context.files.path(location, must_exist=False), row.result.get("skymap")
    if not plot.exists():
        file, fetched = context.files.path(row.location), context.files.path(skymap) if skymap else None
        try:
            observatories = [each for each, _rule in followers_of(context.config)]
            context.engine.run(draw_sky, file, fetched, plot, subject_of(row.result), row.result, observatories)
        except Exception:  # noqa: BLE001 - a font or a full disk: people are told without a picture
            context.log.exception("the picture of %s could not be drawn", row.event)
    return plot if plot.exists() else None
