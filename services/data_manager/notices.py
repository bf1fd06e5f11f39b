"""Notices: told by mail or webhook, to whom the node's configuration allows it."""

from __future__ import annotations

import json
import smtplib
from collections.abc import Iterable
from email.message import EmailMessage
from email.utils import formatdate
from typing import TYPE_CHECKING

from services.data_manager.viewers import viewer_of
from toros.errors import Permanent, Temporary
from toros.mail import send_mail
from toros.network.service import Context, Outcome
from toros.webhook import host_of, post_json

if TYPE_CHECKING:
    from toros.config import Config
    from workorders.observations import SendNotice

__all__ = ["check_receivers", "order_send_notice"]


def order_send_notice(order: SendNotice, context: Context) -> Outcome:
    """Tell somebody; where they cannot be told now, the ledger tries again."""
    if not viewer_of(order, context).everything:
        raise Permanent("send_notice: only daemons send notices")
    check_receivers([order.receiver], context.config)
    if order.dry_run:
        return Outcome({"sent": False})
    if "://" in order.receiver:
        body = {"id": order.id, "subject": order.subject, "text": order.text, "facts": order.facts}
        status = post_json(order.receiver, json.dumps(body).encode(), timeout=context.config.notices.timeout)
        return Outcome({"sent": True, "status": status})
    _mail(order, context.config)
    return Outcome({"sent": True})


def check_receivers(receivers: Iterable[str], config: Config) -> None:
    """Raise Permanent where the configuration does not allow one of these to be told."""
    hosts = {each.lower() for each in config.hooks.hosts}
    domains = {each.lower() for each in config.notices.mail_domains}
    for each in receivers:
        if "://" in each:
            if host_of(each) not in hosts:
                raise Permanent(f"tell: {each!r} is no webhook that notices go to; allowed hosts "
                                f"(hooks.hosts): {', '.join(sorted(hosts)) or 'none'}")  # fmt: skip
            continue
        if not config.smtp.host:
            raise Permanent(f"tell: {each!r} cannot be told, since this node sends no mail (smtp.host)")
        if each not in config.admin_emails and each.rpartition("@")[2].lower() not in domains:
            raise Permanent(f"tell: {each!r} is no address that notices go to; allowed domains "
                            f"(notices.mail_domains): {', '.join(sorted(domains)) or 'none'}")  # fmt: skip


def _mail(order: SendNotice, config: Config) -> None:
    letter = EmailMessage()
    letter["Subject"] = f"[toros] {order.subject}"
    letter["From"] = config.smtp.sender
    letter["To"] = order.receiver
    letter["Date"] = formatdate()
    letter["Message-ID"] = f"<{order.id}@toros>"  # sent twice after a crash, it is seen to be the same
    letter.set_content(order.text + "\n")
    try:
        send_mail(config.smtp, letter)
    except smtplib.SMTPRecipientsRefused:
        raise Permanent(f"{order.receiver}: {config.smtp.host} knows no such address") from None
    except (OSError, smtplib.SMTPException) as error:
        raise Temporary(f"no mail through {config.smtp.host} ({type(error).__name__})") from None
