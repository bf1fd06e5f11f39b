"""People are told of alerts through a real mail server and real webhooks, and the older broker through its forms."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.image import imread

from services.alert_robot import SERVICE, process_alert, retract_alert, tell_alert
from tests.support.broker_site import PASSWORD, USER, BrokerSite, serving_broker
from tests.support.mail_server import MailServer, serving_mail
from tests.unit.services.rehearsal import Rehearsal, rehearsing
from tests.unit.services.test_hooks import Listener
from toros.alerts.mock import mock_gwalert, mock_retraction
from toros.alerts.telling import chat_of
from toros.errors import Permanent, Temporary
from toros.network.service import Outcome
from workorders.alerts import ProcessAlert, RetractAlert, TellAlert

ASTRONOMER = "night@example.org"
Making = Callable[..., Rehearsal]


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with serving_mail() as server:
        yield server


@pytest.fixture
def chat() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.server.shutdown()
    listener.server.server_close()


@pytest.fixture
def site() -> Iterator[BrokerSite]:
    with serving_broker() as site:
        yield site


@pytest.fixture
def robot_with(tmp_path: Path) -> Iterator[Making]:
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(rehearsing(tmp_path, "alert_robot", SERVICE.tables, **settings))


def process(robot: Rehearsal, text: str) -> Outcome:
    return robot.finish(process_alert(ProcessAlert(alert=text), robot))


def told(outcome: Outcome, robot: Rehearsal) -> list[dict[str, Any]]:
    """Return what came of the orders that tell, each done."""
    return [dict(tell_alert(order, robot).result) for order in outcome.orders if isinstance(order, TellAlert)]


def real(text: str) -> str:
    """Return a mock alert as one of a real event."""
    event = json.loads(text)["superevent_id"]
    return text.replace(f'"{event}"', f'"{event[1:]}"').replace('"MDC"', '"AllSky"')


def test_people_hear_by_mail_and_in_their_chat(robot_with: Making, mail: MailServer, chat: Listener) -> None:
    robot = robot_with(
        smtp=mail.settings(), notices={"mail_domains": ["example.org"]}, hooks={"hosts": ["127.0.0.1"]},
        alerts={"tell": [ASTRONOMER, chat.url]},
    )  # fmt: skip
    outcome = process(robot, mock_gwalert())
    assert [each["told"] for each in told(outcome, robot)] == [True, True]
    (letter,) = mail.mails
    assert letter["To"] == ASTRONOMER
    assert outcome.result["event"] in letter["Subject"] and "(mock)" in letter["Subject"]
    body = letter.get_body(("plain",))
    assert body is not None
    rows = [line.split() for line in body.get_content().splitlines()]
    assert ["target", "ra", "dec", "prob.", "Mpc", "window", "(UTC)"] in rows
    target = next(row for row in rows if row[0:1] == ["NGC4993"])
    assert (float(target[1]), float(target[2])) == pytest.approx((197.4487, -23.3839), abs=0.001)
    (picture,) = letter.iter_attachments()
    assert picture.get_content_type() == "image/png"
    (robot.files.root("alerts") / "mailed.png").write_bytes(picture.get_payload(decode=True))  # type: ignore[arg-type]
    pixels = imread(robot.files.root("alerts") / "mailed.png")
    assert min(pixels.shape[:2]) > 400 and np.unique(pixels[..., 0]).size > 50
    ((headers, posted),) = chat.heard
    text = json.loads(posted)["text"]
    assert headers["Content-Type"] == "application/json" and outcome.result["event"] in text and "NGC4993" in text


def test_nobody_hears_twice_of_the_same_and_all_hear_of_a_retraction(robot_with: Making, mail: MailServer) -> None:
    robot = robot_with(
        smtp=mail.settings(), admin_emails=[ASTRONOMER], alerts={"tell": [ASTRONOMER]}
    )  # fmt: skip
    alert = mock_gwalert()
    event = json.loads(alert)["superevent_id"]
    said = [told(process(robot, text), robot) for text in (alert, json.dumps(json.loads(alert)), alert)]
    assert [len(each) for each in said] == [1, 0, 0]
    outcome = robot.finish(retract_alert(RetractAlert(event=event, reason="an artefact"), robot))
    assert told(outcome, robot) == [{"event": event, "told": True}]
    assert "retraction" in mail.mails[1]["Subject"] and "an artefact" in mail.mails[1].get_content()


def test_a_retraction_from_the_sender_is_told_too(robot_with: Making, mail: MailServer) -> None:
    robot = robot_with(smtp=mail.settings(), admin_emails=[ASTRONOMER], alerts={"tell": [ASTRONOMER]})
    alert = mock_gwalert()
    told(process(robot, alert), robot)
    told(process(robot, mock_retraction(json.loads(alert)["superevent_id"])), robot)
    assert [mail["Subject"].split()[2] for mail in mail.mails] == ["preliminary", "retraction"]


def test_what_a_stranger_wrote_calls_nobody_in_the_chat_and_fits_into_it(robot_with: Making) -> None:
    result = dict(process(robot_with(), mock_gwalert()).result)
    text = chat_of(result | {"source": "@all\n<!channel>", "notes": ["``` <!here>", *["<and so on>"] * 5000]})
    assert text.startswith(f"*{result['event']} preliminary (mock): (at)all &lt;!channel&gt;")
    assert "@" not in text and "<" not in text and text.count("```") == 2
    assert len(text) < 16_000 and f"toros alerts show {result['event']}" in text


@pytest.mark.parametrize(
    ("receiver", "why"),
    [("eve@evil.org", "allowed domains"), ("http://evil.org/hook", "allowed hosts"), ("http://10.0.0.1/x", "webhook")],
)
def test_who_is_not_allowed_is_not_told(robot_with: Making, mail: MailServer, receiver: str, why: str) -> None:
    robot = robot_with(smtp=mail.settings(), alerts={"tell": [receiver]})
    (order,) = [each for each in process(robot, mock_gwalert()).orders if isinstance(each, TellAlert)]
    with pytest.raises(Permanent, match=why):
        tell_alert(order, robot)
    assert not mail.mails


def test_a_mail_server_that_is_away_is_asked_again(robot_with: Making, mail: MailServer) -> None:
    mail.refusing = True
    robot = robot_with(smtp=mail.settings(), admin_emails=[ASTRONOMER], alerts={"tell": [ASTRONOMER]})
    (order,) = [each for each in process(robot, mock_gwalert()).orders if isinstance(each, TellAlert)]
    with pytest.raises(Temporary, match="no mail through"):
        tell_alert(order, robot)
    mail.refusing = False
    assert tell_alert(order, robot).result["told"] is True and len(mail.mails) == 1


def broker(site: BrokerSite, **more: Any) -> dict[str, Any]:
    """Return the settings of a node that uploads."""
    told = {"url": site.address("uploadjson/"), "login": site.address("login/"), "user": USER, "run": "O5"} | more
    return {"hooks": {"hosts": ["127.0.0.1"]}, "alerts": {"broker": told}}


def test_the_older_broker_hears_of_alerts_assignments_and_retractions(
    robot_with: Making, site: BrokerSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOROS_BROKER_PASSWORD", PASSWORD)
    robot = robot_with(**broker(site))
    alert = real(mock_gwalert())
    outcome = process(robot, alert)
    told(outcome, robot)
    event = outcome.result["event"]
    told(process(robot, mock_retraction(event)), robot)
    first, second = site.uploads
    result = outcome.result
    assert first["alert"] == {"ligo_run": "O5", "graceid": event, "SEtype": "S", "datetime": result["event_time"][:19]}
    assert first["gcnnotice"] == {"gcntype": "Preliminary", "datetime": result["time_created"][:19]}
    assert list(first["assignments"]["telescope"]) == ["NGC4993"]
    assert second["gcnnotice"]["gcntype"] == "Retraction" and "assignments" not in second


@pytest.mark.parametrize("mock", [False, True])
def test_the_older_broker_hears_of_mock_alerts_only_where_it_is_asked_to(
    robot_with: Making, site: BrokerSite, mock: bool
) -> None:
    robot = robot_with(**broker(site, mock=mock))
    asked = [order.receiver for order in process(robot, mock_gwalert()).orders if isinstance(order, TellAlert)]
    assert (robot.config.alerts.broker.url in asked) is mock


@pytest.mark.parametrize(
    ("changes", "status", "error", "why"),
    [
        ({"user": "eve"}, 200, Permanent, "does not let 'eve' in"),
        ({"login": "http://localhost:1/login/"}, 200, Permanent, "on another host"),
        ({}, 503, Temporary, "answers 503"),
        ({}, 400, Permanent, "refuses with 400"),
    ],
)
def test_what_the_older_broker_will_not_have(
    robot_with: Making, site: BrokerSite, tmp_path: Path, changes: dict[str, Any], status: int, error: type[Exception],
    why: str,
) -> None:  # fmt: skip
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    site.status = status
    robot = robot_with(**broker(site, password_file=tmp_path / "password", **changes))
    (order,) = [e for e in process(robot, real(mock_gwalert())).orders if isinstance(e, TellAlert) and e.receiver]
    with pytest.raises(error, match=why):
        tell_alert(order, robot)
