"""Errors by mail: gathered, rate limited, and sent by a thread of their own, so that mail never blocks a daemon."""

from __future__ import annotations

import logging
import os
import smtplib
import socket
import ssl
import sys
import threading
from collections import deque
from collections.abc import Sequence
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from toros.config import SmtpSettings

__all__ = ["MailHandler", "send_mail"]

WAITING = 1000  # records that wait for a mail; more are counted only
SHOWN = 50  # records written out in one mail
PATIENCE = 20.0  # seconds for the mail server to answer
FAREWELL = 5.0  # seconds that the end of a daemon waits for its last mail
TLS_FROM_THE_START = 465  # the port on which STARTTLS is not asked for, because everything is encrypted


class MailHandler(logging.Handler):
    """Sends ERROR and worse to the administrators.

    The first error starts a mail, which waits a little for those that follow; the next mail leaves `pause` later at
    the earliest, with everything that came meanwhile. What could not be sent is sent with the next.

    Parameters
    ----------
    smtp : SmtpSettings
        The mail server.
    receivers : sequence of str
        The administrators' addresses.
    service : str
        Name of the daemon, for the subject.
    gather : float
        How long a mail waits for more errors; seconds.
    pause : float
        Least time between two mails; seconds.
    """

    def __init__(
        self, smtp: SmtpSettings, receivers: Sequence[str], service: str, *, gather: float = 10.0, pause: float = 300.0
    ) -> None:
        super().__init__(logging.ERROR)
        self._smtp, self._receivers, self._service = smtp, receivers, service
        self._gather, self._pause = gather, pause
        self._lines: deque[str] = deque()
        self._dropped = 0
        self._arrived, self._closing = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Put the record beside those that wait; never blocks."""
        if len(self._lines) >= WAITING:
            self._dropped += 1
        else:
            try:
                self._lines.append(self.format(record))
            except Exception:  # noqa: BLE001 - a record that cannot be formatted is reported, as logging does
                self.handleError(record)
                return
        self._arrived.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="mail", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Send what is still waiting, and stop."""
        self._closing.set()
        self._arrived.set()
        if self._thread is not None:
            self._thread.join(FAREWELL)
        super().close()

    def _work(self) -> None:
        while not self._closing.is_set():
            self._arrived.wait()
            self._closing.wait(self._gather)
            self._send_waiting()
            self._closing.wait(self._pause)
        self._send_waiting()

    def _send_waiting(self) -> None:
        """Send one mail with everything that waits; keep it for the next where the server does not take it."""
        self._arrived.clear()
        lines, dropped = list(self._lines), self._dropped
        if not lines:
            return
        try:
            self._send(self._letter(lines, dropped))
        except (OSError, smtplib.SMTPException) as error:
            kind = type(error).__name__
            print(f"{self._service}: no mail through {self._smtp.host} ({kind})", file=sys.stderr, flush=True)
            self._arrived.set()
            return
        self._dropped -= dropped
        for _ in lines:
            self._lines.popleft()

    def _letter(self, lines: Sequence[str], dropped: int) -> EmailMessage:
        count = len(lines) + dropped
        letter = EmailMessage()
        letter["Subject"] = f"[toros] {self._service} on {socket.gethostname()}: {count} error{'s' * (count > 1)}"
        letter["From"] = self._smtp.sender
        letter["To"] = ", ".join(self._receivers)
        letter["Date"] = formatdate()
        letter["Message-ID"] = make_msgid(domain="toros")
        rest = count - len(lines[:SHOWN])
        letter.set_content("\n\n".join([*lines[:SHOWN], *([f"and {rest} more, in the log"] if rest else [])]) + "\n")
        return letter

    def _send(self, letter: EmailMessage) -> None:
        send_mail(self._smtp, letter)


def send_mail(smtp: SmtpSettings, letter: EmailMessage) -> None:
    """Hand a letter to the mail server.

    Raises
    ------
    OSError, smtplib.SMTPException
        The server cannot be reached, or does not take it.
    """
    trust = ssl.create_default_context()
    with (
        smtplib.SMTP_SSL(smtp.host, smtp.port, timeout=PATIENCE, context=trust)
        if smtp.port == TLS_FROM_THE_START
        else smtplib.SMTP(smtp.host, smtp.port, timeout=PATIENCE)
    ) as server:
        if smtp.starttls and smtp.port != TLS_FROM_THE_START:
            server.starttls(context=trust)
        if smtp.user:
            server.login(smtp.user, _password(smtp))
        server.send_message(letter)


def _password(smtp: SmtpSettings) -> str:
    if password := os.environ.get("TOROS_SMTP_PASSWORD"):
        return password
    file = smtp.password_file
    return file.read_text().strip() if file is not None else ""
