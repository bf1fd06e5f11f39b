"""An alert that cannot be understood is kept, marked and reported, by whatever route it came."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import pytest

from services.alert_robot import SERVICE
from tests.support.daemons import eventually
from tests.support.workshop import bench
from toros.alerts.listeners.message import Message
from toros.network.receiving import Receiver
from workorders.alerts import ListAlerts, ProcessAlert

UNREADABLE = (
    b"\x00\x01 no alert",
    b"<unclosed",
    b'{"notice": ',
    b"",
    b'<!DOCTYPE a [<!ENTITY b "c">]><VOEvent>&b;</VOEvent>',
)


def test_what_cannot_be_understood_is_listed_with_its_reason(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with bench(tmp_path, "alert_robot") as robot, caplog.at_level(logging.ERROR):
        workers = robot.work(SERVICE.handlers)
        receiver = Receiver(robot.shop, threading.Event())
        for content in UNREADABLE:
            assert receiver.keep("kafka:gcn", Message(content, "gcn.notices.new", 0, 1))
        inline = robot.send(ProcessAlert(id="by-the-desk", alert='{"superevent_id": 5}'))
        eventually(lambda: robot.ledger.figures()["counts"]["buried"] == len(UNREADABLE) + 1)
        answer = workers.answer(ListAlerts(unreadable=True))
        first = answer["alerts"][0]
        assert answer["more"] is False and first["order_id"] == inline and "location" not in first
        rows = answer["alerts"][1:]
        assert {robot.shop.files.path(row["location"]).read_bytes() for row in rows} == set(UNREADABLE)
        assert all(row["reason"] and row["source"] == "kafka:gcn" for row in rows)
        assert workers.answer(ListAlerts(unreadable=True, limit=2))["more"] is True
        assert caplog.text.count("this alert cannot be understood") == len(UNREADABLE) + 1
