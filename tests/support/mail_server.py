"""A mail server of this machine, that keeps what it is given."""

from __future__ import annotations

import base64
import email
import email.message
import email.policy
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from toros.config import SmtpSettings

__all__ = ["MailServer", "serving_mail"]


class MailServer(socketserver.ThreadingTCPServer):
    """A mail server that keeps what it is given."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        self.mails: list[email.message.EmailMessage] = []
        self.logins: list[str] = []
        self.refusing = False
        self.silent = False
        self.over = threading.Event()
        super().__init__(("127.0.0.1", 0), MailConversation)

    def settings(self, **more: object) -> SmtpSettings:
        fields = {"host": "127.0.0.1", "port": self.server_address[1], "starttls": False, **more}
        return SmtpSettings.model_validate(fields)


class MailConversation(socketserver.StreamRequestHandler):
    """One client's visit."""

    server: MailServer

    def handle(self) -> None:
        if self.server.silent:
            self.server.over.wait(10)
            return
        self._say("421 not now" if self.server.refusing else "220 mail.example.org")
        while line := self.rfile.readline().decode().strip():
            verb = line.split()[0].upper()
            if verb == "EHLO":
                self._say("250-mail.example.org")
                self._say("250 AUTH PLAIN")
            elif verb == "AUTH":
                self.server.logins.append(base64.b64decode(line.split()[2]).decode())
                self._say("235 welcome")
            elif verb == "DATA":
                self._say("354 go on")
                self._keep()
                self._say("250 kept")
            elif verb == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 ok")

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def _keep(self) -> None:
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line)
        parsed = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
        assert isinstance(parsed, email.message.EmailMessage)
        self.server.mails.append(parsed)


@contextmanager
def serving_mail() -> Iterator[MailServer]:
    """Serve until the block ends."""
    with MailServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
