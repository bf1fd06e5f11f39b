"""VTP: an alert is acknowledged after it is safe; signs of life are answered; strange packets do no harm."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.daemons import eventually, free_port
from tests.support.vtp_broker import VtpBroker
from toros.alerts.listeners.message import ConnectionLost, Message
from toros.alerts.listeners.transport import framed, read_packet, transport
from toros.alerts.listeners.vtp import VtpListener

EVENT = b'<v:VOEvent xmlns:v="http://www.ivoa.net/xml/VOEvent/v2.0" ivorn="ivo://a/b#%d" role="test"/>'


@contextmanager
def listening(port: int, largest: int = 100_000) -> Iterator[VtpListener]:
    listener = VtpListener("vtp:here", "127.0.0.1", port, ivorn="ivo://toros/robot", silence=60.0, largest=largest)
    listener.open({})
    try:
        yield listener
    finally:
        listener.close()


def received(listener: VtpListener) -> Message:
    message = listener.receive(5.0)
    assert message is not None
    return message


def test_an_event_is_acknowledged_when_it_is_safe_and_not_before() -> None:
    with VtpBroker() as broker, listening(broker.port) as listener:
        broker.send(EVENT % 1)
        broker.send(EVENT % 2)
        first, second = received(listener), received(listener)
        assert (first.content, first.name) == (EVENT % 1, "ivo://a/b#1")
        assert broker.acknowledged == []
        listener.settle(second)
        listener.settle(first)
        eventually(lambda: broker.acknowledged == ["ivo://a/b#2", "ivo://a/b#1"], 5.0, 0.01)


def test_a_sign_of_life_is_answered_at_once() -> None:
    with VtpBroker() as broker, listening(broker.port) as listener:
        broker.say_alive()
        assert received(listener).heartbeat
        eventually(lambda: broker.answered == ["iamalive"], 5.0, 0.01)


@contextmanager
def saying(*pieces: bytes) -> Iterator[int]:
    """Give the port of something that says this, piece by piece, and hangs up."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        caller, _ = server.accept()
        with caller:
            for piece in pieces:
                caller.sendall(piece)
                caller.recv(1) if piece == b"" else None

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield server.getsockname()[1]
    thread.join(2.0)
    server.close()


def test_a_packet_may_come_in_pieces() -> None:
    whole = framed(EVENT % 7)
    with saying(whole[:2], whole[2:9], whole[9:]) as port, listening(port) as listener:
        assert received(listener).content == EVENT % 7


@pytest.mark.parametrize(
    "packet",
    [
        b"\x00\x01 not xml at all",
        b"<unclosed",
        b'<!DOCTYPE v [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><v ivorn="ivo://a/b">&b;</v>',
        b'<!DOCTYPE v [<!ENTITY x SYSTEM "file:///etc/passwd">]><v ivorn="ivo://a/b">&x;</v>',
    ],
)
def test_what_cannot_be_read_is_kept_as_it_is(packet: bytes) -> None:
    with saying(framed(packet)) as port, listening(port) as listener:
        message = received(listener)
        assert (message.content, message.name, message.heartbeat) == (packet, "", False)


@pytest.mark.parametrize("start", [b"HTTP/1.1 200 OK\r\n\r\n", b"\xff\xff\xff\xff", b"\0\0\0\0"])
def test_who_announces_a_packet_beyond_all_measure_is_left(start: bytes) -> None:
    with saying(start, b"x" * 10) as port, listening(port) as listener, pytest.raises(ConnectionLost, match="not VTP"):
        listener.receive(5.0)


def test_a_broker_that_hangs_up_or_is_not_there_is_a_lost_connection() -> None:
    with (
        saying(framed(EVENT % 1)[:50]) as port,
        listening(port) as listener,
        pytest.raises(ConnectionLost, match="hung up"),
    ):
        listener.receive(5.0)
    with pytest.raises(ConnectionLost, match="refused"), listening(free_port()):
        pass


def test_what_we_answer_is_read_as_we_mean_it() -> None:
    packet = read_packet(transport("ack", 'ivo://a/b#<&"', "ivo://toros/robot"))
    assert (packet.kind, packet.name) == ("ack", 'ivo://a/b#<&"')
