"""Notices: told by mail or webhook, to whom the node's configuration allows it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from services.data_manager.viewers import viewer_of
from toros.errors import Permanent
from toros.network.service import Context, Outcome
from toros.receivers import check_receiver, mail_to
from toros.webhook import post_json

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
    mail_to(order.receiver, order.subject, order.text + "\n", order_id=order.id, smtp=context.config.smtp)
    return Outcome({"sent": True})


def check_receivers(receivers: Iterable[str], config: Config) -> None:
    """Raise Permanent where the configuration does not allow one of these to be told."""
    for each in receivers:
        check_receiver(each, config, field="tell", news="notices")
