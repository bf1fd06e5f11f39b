"""Telling of an alert, where the configuration allows it: by mail with a picture, by webhook, to the older broker."""

from __future__ import annotations

import json
import smtplib
from email.message import EmailMessage
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from services.alert_robot.broker import upload
from toros.alerts.telescopes import followers_of
from toros.alerts.telling import draw_sky, subject_of, text_of
from toros.errors import Permanent, Temporary
from toros.mail import send_mail
from toros.network.service import Context, Outcome
from toros.store.alerts import AlertRow
from toros.webhook import host_of, post_json

if TYPE_CHECKING:
    from pathlib import Path

    from toros.config import Config
    from workorders.alerts import TellAlert

__all__ = ["tell_alert"]


def tell_alert(order: TellAlert, context: Context) -> Outcome:
    """Draw the picture where it is not there yet, and tell one receiver."""
    row = context.read(lambda session: session.scalar(select(AlertRow).where(AlertRow.order_id == order.alert)))
    if row is None:
        raise Permanent(f"{order.alert} is no order that has brought an alert")
    if order.receiver is not None:
        _check(order.receiver, context.config)
    if order.dry_run:
        return Outcome({"told": False})
    plot = _picture(row, context)
    result: dict[str, Any] = {"event": row.event, "told": order.receiver is not None}
    if plot is not None:
        result["sky_plot"] = row.result["sky_plot"]
    if order.receiver is not None and order.receiver == context.config.alerts.broker.url:
        result["status"] = upload(row.result, context.config)
    elif order.receiver is not None and "://" in order.receiver:
        body = {"text": f"*{subject_of(row.result)}*\n```\n{text_of(row.result)}```"}
        result["status"] = post_json(order.receiver, json.dumps(body).encode(), timeout=context.config.notices.timeout)
    elif order.receiver is not None:
        _mail(order, row.result, plot, context.config)
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


def _check(receiver: str, config: Config) -> None:
    """Raise Permanent where the configuration does not allow one to be told."""
    if "://" in receiver:
        hosts = {each.lower() for each in config.hooks.hosts}
        if host_of(receiver) not in hosts:
            raise Permanent(f"receiver: {receiver!r} is no webhook that alerts go to; allowed hosts (hooks.hosts): "
                            f"{', '.join(sorted(hosts)) or 'none'}")  # fmt: skip
        return
    if not config.smtp.host:
        raise Permanent(f"receiver: {receiver!r} cannot be told, since this node sends no mail (smtp.host)")
    domains = {each.lower() for each in config.notices.mail_domains}
    if receiver not in config.admin_emails and receiver.rpartition("@")[2].lower() not in domains:
        raise Permanent(f"receiver: {receiver!r} is no address that alerts go to; allowed domains "
                        f"(notices.mail_domains): {', '.join(sorted(domains)) or 'none'}")  # fmt: skip


def _mail(order: TellAlert, result: dict[str, Any], plot: Path | None, config: Config) -> None:
    letter = EmailMessage()
    letter["Subject"] = f"[toros] {subject_of(result)}"
    letter["From"] = config.smtp.sender
    letter["To"] = order.receiver or ""
    letter["Date"] = formatdate()
    letter["Message-ID"] = f"<{order.id}@toros>"  # sent twice after a crash, it is seen to be the same
    letter.set_content(text_of(result))
    if plot is not None:
        letter.add_attachment(plot.read_bytes(), maintype="image", subtype="png", filename=plot.name)
    try:
        send_mail(config.smtp, letter)
    except smtplib.SMTPRecipientsRefused:
        raise Permanent(f"{order.receiver}: {config.smtp.host} knows no such address") from None
    except (OSError, smtplib.SMTPException) as error:
        raise Temporary(f"no mail through {config.smtp.host} ({type(error).__name__})") from None
