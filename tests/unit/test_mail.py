"""Errors by mail, against a real mail server on this machine."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.mail_server import MailServer, serving_mail
from toros.log import Line
from toros.mail import WAITING, MailHandler


@pytest.fixture
def server() -> Iterator[MailServer]:
    with serving_mail() as server:
        yield server


@pytest.fixture
def handler_to(server: MailServer) -> Iterator[Callable[..., MailHandler]]:
    handlers = []

    def make(gather: float = 0.05, pause: float = 0.05, **settings: object) -> MailHandler:
        handler = MailHandler(
            server.settings(**settings), ["a@b.org", "c@d.org"], "telescope", gather=gather, pause=pause
        )
        handler.setFormatter(Line("telescope"))
        handlers.append(handler)
        return handler

    yield make
    for handler in handlers:
        handler.close()


def _send(handler: MailHandler, message: str, level: int = logging.ERROR) -> None:
    record = logging.LogRecord("toros.test", level, __file__, 1, message, (), None)
    if level >= handler.level:
        handler.handle(record)


def _until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def test_errors_that_come_together_leave_in_one_mail(
    server: MailServer, handler_to: Callable[..., MailHandler]
) -> None:
    handler = handler_to(gather=0.2)
    for message in ("dome stuck", "mount lost", "camera warm"):
        _send(handler, message)
    _until(lambda: bool(server.mails))
    (mail,) = server.mails
    text = mail.get_content()
    assert "telescope" in mail["Subject"] and "3 errors" in mail["Subject"]
    assert mail["To"] == "a@b.org, c@d.org" and mail["From"] == "toros@localhost"
    assert all(message in text for message in ("dome stuck", "mount lost", "camera warm"))


def test_warnings_are_not_mailed(handler_to: Callable[..., MailHandler]) -> None:
    assert handler_to().level == logging.ERROR


def test_a_second_mail_waits_for_the_pause_and_holds_everything_since(
    server: MailServer, handler_to: Callable[..., MailHandler]
) -> None:
    handler = handler_to(gather=0.01, pause=0.6)
    _send(handler, "first")
    _until(lambda: len(server.mails) == 1)
    for number in range(20):
        _send(handler, f"later {number}")
        time.sleep(0.01)
    assert len(server.mails) == 1
    _until(lambda: len(server.mails) == 2)
    assert "20 errors" in server.mails[1]["Subject"]


def test_a_flood_is_counted_and_not_kept(server: MailServer, handler_to: Callable[..., MailHandler]) -> None:
    handler = handler_to(gather=0.3)
    for number in range(WAITING + 500):
        _send(handler, f"error {number}")
    _until(lambda: bool(server.mails))
    mail = server.mails[0]
    assert f"{WAITING + 500} errors" in mail["Subject"] and "and 1450 more" in mail.get_content()
    assert len(mail.get_content()) < 10_000


def test_a_server_that_refuses_gets_the_mail_when_it_is_back(
    server: MailServer, handler_to: Callable[..., MailHandler], capsys: pytest.CaptureFixture[str]
) -> None:
    server.refusing = True
    handler = handler_to()
    _send(handler, "dome stuck")
    said = ""
    end = time.monotonic() + 5
    while "no mail through 127.0.0.1" not in said and time.monotonic() < end:
        said += capsys.readouterr().err
        time.sleep(0.02)
    assert "no mail through 127.0.0.1" in said
    server.refusing = False
    _until(lambda: bool(server.mails))
    assert "dome stuck" in server.mails[0].get_content()


def test_a_server_that_never_answers_blocks_nobody(server: MailServer, handler_to: Callable[..., MailHandler]) -> None:
    server.silent = True
    handler = handler_to(gather=0.0)
    began = time.monotonic()
    for number in range(100):
        _send(handler, f"error {number}")
    assert time.monotonic() - began < 0.5
    server.over.set()


def test_what_waits_is_sent_when_the_daemon_ends(server: MailServer, handler_to: Callable[..., MailHandler]) -> None:
    handler = handler_to(gather=60, pause=60)
    _send(handler, "last words")
    handler.close()
    assert "last words" in server.mails[0].get_content()


@pytest.mark.parametrize("where", ["file", "environment"])
def test_the_password_comes_from_a_file_or_the_environment(
    server: MailServer,
    handler_to: Callable[..., MailHandler],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
) -> None:
    more = {}
    if where == "file":
        (tmp_path / "password").write_text("hunter2\n")
        more["password_file"] = tmp_path / "password"
    else:
        monkeypatch.setenv("TOROS_SMTP_PASSWORD", "hunter2")
    _send(handler_to(user="toros", **more), "dome stuck")
    _until(lambda: bool(server.mails))
    assert server.logins == ["\0toros\0hunter2"]


def test_without_encryption_nothing_is_said_where_it_was_asked_for(
    server: MailServer, handler_to: Callable[..., MailHandler], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOROS_SMTP_PASSWORD", "hunter2")
    handler = handler_to(user="toros", starttls=True)
    _send(handler, "dome stuck")
    handler.close()
    assert not server.mails and not server.logins
