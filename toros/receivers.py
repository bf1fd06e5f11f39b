"""Whom the node tells of things, by webhook or mail: only whom its configuration allows."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage
from email.utils import formatdate
from pathlib import Path
from typing import TYPE_CHECKING

from toros.errors import Permanent, Temporary
from toros.mail import send_mail
from toros.webhook import host_of

if TYPE_CHECKING:
    from toros.config import Config, SmtpSettings

__all__ = ["check_receiver", "mail_to"]


def check_receiver(receiver: str, config: Config, *, field: str, news: str) -> None:
    """See that the configuration allows somebody to be told.

    Parameters
    ----------
    receiver : str
        An address of mail, or of a webhook.
    config : Config
        Whose `hooks.hosts`, `notices.mail_domains` and `admin_emails` say who may be told.
    field : str
        Of the order that names the receiver.
    news : str
        What the receiver would be told of, such as "alerts".

    Raises
    ------
    Permanent
        The configuration does not allow it.
    """
    if "://" in receiver:
        hosts = {each.lower() for each in config.hooks.hosts}
        if host_of(receiver) not in hosts:
            raise Permanent(f"{field}: {receiver!r} is no webhook that {news} go to; allowed hosts (hooks.hosts): "
                            f"{', '.join(sorted(hosts)) or 'none'}")  # fmt: skip
        return
    if not config.smtp.host:
        raise Permanent(f"{field}: {receiver!r} cannot be told, since this node sends no mail (smtp.host)")
    domains = {each.lower() for each in config.notices.mail_domains}
    if receiver not in config.admin_emails and receiver.rpartition("@")[2].lower() not in domains:
        raise Permanent(f"{field}: {receiver!r} is no address that {news} go to; allowed domains "
                        f"(notices.mail_domains): {', '.join(sorted(domains)) or 'none'}")  # fmt: skip


def mail_to(
    receiver: str, subject: str, text: str, *, order_id: str, smtp: SmtpSettings, picture: Path | None = None
) -> None:
    """Send one mail.

    Parameters
    ----------
    receiver, subject, text : str
    order_id : str
        Of the order to send it: sent twice after a crash, the mail is seen to be the same.
    smtp : SmtpSettings
    picture : Path, optional
        A PNG to go with it.

    Raises
    ------
    Permanent
        The mail server knows no such address.
    Temporary
        It cannot be sent now.
    """
    letter = EmailMessage()
    letter["Subject"] = f"[toros] {subject}"
    letter["From"] = smtp.sender
    letter["To"] = receiver
    letter["Date"] = formatdate()
    letter["Message-ID"] = f"<{order_id}@toros>"
    letter.set_content(text)
    if picture is not None:
        letter.add_attachment(picture.read_bytes(), maintype="image", subtype="png", filename=picture.name)
    try:
        send_mail(smtp, letter)
    except smtplib.SMTPRecipientsRefused:
        raise Permanent(f"{receiver}: {smtp.host} knows no such address") from None
    except (OSError, smtplib.SMTPException) as error:
        raise Temporary(f"no mail through {smtp.host} ({type(error).__name__})") from None
