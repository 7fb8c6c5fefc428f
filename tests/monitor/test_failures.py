"""Handshakes that fail, and what a monitor says of why."""

from __future__ import annotations

import errno
from typing import Any, Callable

import pytest
import rawpeer
from library import Library
from rawpeer import RawListener, RawPeer, frame, greeting
from watching import Seen, Watch

PROTOCOL, AUTH = "HANDSHAKE_FAILED_PROTOCOL", "HANDSHAKE_FAILED_AUTH"
NO_DETAIL = "HANDSHAKE_FAILED_NO_DETAIL"

Misdeed = Callable[[RawPeer], None]


def after_greeting(name: bytes, data: bytes = b"") -> Misdeed:
    """A peer that sends this command where READY belongs."""

    def act(peer: RawPeer) -> None:
        peer.send(greeting())
        peer.recv(rawpeer.GREETING_SIZE)
        peer.send(frame(bytes((len(name),)) + name + data, command=True))

    return act


def other_mechanism(peer: RawPeer) -> None:
    peer.send(greeting(b"CURVE"))


def early_message(peer: RawPeer) -> None:
    peer.send(greeting())
    peer.recv(rawpeer.GREETING_SIZE)
    peer.send(frame(b"hello"))


def wrong_type(peer: RawPeer) -> None:
    peer.send(greeting())
    peer.recv(rawpeer.GREETING_SIZE)
    peer.send(rawpeer.ready(b"PUB"))


def another_protocol(peer: RawPeer) -> None:
    peer.send(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" * 2)


@pytest.fixture(params=["bound", "connected"])
def meet(request: pytest.FixtureRequest, zmq: Library) -> Any:
    """Calls a function with a raw peer of a socket whose monitor it returns."""

    def call(act: Misdeed, **options: Any) -> list[Seen]:
        sock = zmq.socket(zmq.DEALER, reconnect_ivl=-1, **options)
        watch = Watch(zmq, sock)
        if request.param == "bound":
            with rawpeer.connect(zmq.bind(sock, "tcp")) as peer:
                act(peer)
                seen = watch.until("DISCONNECTED")
        else:
            with RawListener() as listener:
                sock.connect(listener.endpoint)
                with listener.accept() as peer:
                    act(peer)
                    seen = watch.until("DISCONNECTED")
        sock.close()
        assert watch.until("MONITOR_STOPPED")
        return seen[1:]  # without LISTENING, or CONNECT_DELAYED

    return call


def check(seen: list[Seen], name: str, value: int) -> None:
    """Connected, failed for that reason, and gone."""
    established, failed, disconnected = seen
    assert established.name in ("ACCEPTED", "CONNECTED")
    assert (failed.name, failed.value) == (name, value)
    assert disconnected.value == established.value
    assert len({event.endpoint for event in seen}) == 1


@pytest.mark.parametrize(
    ("act", "name", "value"),
    [
        (other_mechanism, PROTOCOL, "ZMTP_MECHANISM_MISMATCH"),
        (early_message, PROTOCOL, "ZMTP_UNEXPECTED_COMMAND"),
        (after_greeting(b"HELLO"), PROTOCOL, "ZMTP_UNEXPECTED_COMMAND"),
        (
            after_greeting(b"ERROR", b"\x09abc"),
            PROTOCOL,
            "ZMTP_MALFORMED_COMMAND_ERROR",
        ),
        (after_greeting(b"ERROR", b"\x03300"), AUTH, 300),
        (after_greeting(b"ERROR", b"\x03400"), AUTH, 400),
        (after_greeting(b"ERROR", b"\x03500"), AUTH, 500),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_the_reason(
    zmq: Library, meet: Any, act: Misdeed, name: str, value: Any
) -> None:
    check(meet(act), name, _number(zmq, value))


@pytest.mark.fails_on("pyzmq", reason="libzmq tells of a disconnection, not of why")
@pytest.mark.parametrize(
    ("act", "name", "value"),
    [
        (wrong_type, PROTOCOL, "ZMTP_INVALID_METADATA"),
        (after_greeting(b"READY", b"\x20abc"), PROTOCOL, "ZMTP_INVALID_METADATA"),
        (another_protocol, PROTOCOL, "ZMTP_UNSPECIFIED"),
        (after_greeting(b"ERROR", b"\x03abc"), NO_DETAIL, errno.ECONNREFUSED),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_reasons_that_libzmq_keeps_to_itself(
    zmq: Library, meet: Any, act: Misdeed, name: str, value: Any
) -> None:
    check(meet(act), name, _number(zmq, value))


def _number(zmq: Library, value: Any) -> int:
    if isinstance(value, int):
        return value
    return int(getattr(zmq.constants.Event, f"PROTOCOL_ERROR_{value}"))


def test_a_peer_that_leaves(meet: Any) -> None:
    def act(peer: RawPeer) -> None:
        peer.recv(10)  # else its leaving would be a reset
        peer.sock.close()

    established, failed, disconnected = meet(act)
    assert failed.name == NO_DETAIL
    assert failed.value in (errno.EPIPE, errno.ECONNRESET)
    assert disconnected.value == established.value


def test_a_peer_that_reads_our_greeting_and_leaves(meet: Any) -> None:
    """Which is how libzmq refuses a mechanism.  What stood behind the greeting is not
    read, and makes a reset of it."""

    def act(peer: RawPeer) -> None:
        peer.send(greeting()[:11])
        peer.recv(64)
        peer.sock.close()

    _, failed, _ = meet(act)
    assert (failed.name, failed.value) == (NO_DETAIL, errno.EPIPE)


def test_a_peer_that_says_nothing(zmq: Library, meet: Any) -> None:
    _, failed, _ = meet(lambda peer: None, handshake_ivl=50)
    assert failed.name == NO_DETAIL
    if zmq.tag != "pyzmq":  # which tells whatever errno was before
        assert failed.value == errno.ETIMEDOUT


def test_a_peer_that_fails_later(meet: Any) -> None:
    """Its handshake was good."""

    def act(peer: RawPeer) -> None:
        peer.handshake(b"DEALER")
        peer.send(b"\0\x65" + bytes(101))

    _, succeeded, _ = meet(act, maxmsgsize=100)
    assert (succeeded.name, succeeded.value) == ("HANDSHAKE_SUCCEEDED", 0)
