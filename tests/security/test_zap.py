"""ZAP: what is asked, what the answers do, and what becomes of bad ones."""

from __future__ import annotations

import errno
import os
import socket
from contextlib import contextmanager
from typing import Any, Iterator, Union

import pytest
import rawpeer
from library import Library
from rawpeer import frame, greeting
from watching import Watch
from zaphandler import ENDPOINT, Handler, prop

PROTOCOL, AUTH = "HANDSHAKE_FAILED_PROTOCOL", "HANDSHAKE_FAILED_AUTH"
NO_DETAIL = "HANDSHAKE_FAILED_NO_DETAIL"


def pair(zmq: Library, **options: Any) -> tuple[Any, Any]:
    """A server with a domain, and a client of NULL."""
    server = zmq.socket(zmq.DEALER, zap_domain=b"global", **options)
    return server, zmq.socket(zmq.DEALER, reconnect_ivl=1, routing_id=b"cli")


@pytest.mark.core
def test_null_with_a_domain(zmq: Library, network: str) -> None:
    handler = Handler(zmq)
    server, client = pair(zmq, routing_id=b"SRV")
    client.connect(zmq.bind(server, network))
    client.send(b"hello")
    request = handler.judge()
    own = f"localhost:{os.getuid()}:{os.getgid()}:{os.getpid()}"
    address = {"tcp": b"127.0.0.1", "ipc": own.encode()}[network]
    assert request == (b"global", address, b"SRV", b"NULL", ())
    assert server.recv() == b"hello"


def test_null_without_a_domain_asks_nobody(zmq: Library) -> None:
    handler = Handler(zmq)
    client, server = zmq.socket(zmq.DEALER), zmq.socket(zmq.DEALER)
    client.connect(zmq.bind(server, "tcp"))
    client.send(b"hello")
    assert server.recv() == b"hello"
    assert not handler.socket.poll(0)


def test_both_sides_may_ask(zmq: Library) -> None:
    handler = Handler(zmq)
    server, client = pair(zmq)
    client.zap_domain = b"other"
    client.connect(zmq.bind(server, "tcp"))
    client.send(b"hello")
    assert {handler.judge().domain, handler.judge().domain} == {b"global", b"other"}
    assert server.recv() == b"hello"


def test_what_messages_know(zmq: Library) -> None:
    """What ZAP says of a peer counts, not what that says of itself."""
    handler = Handler(zmq)
    server = zmq.socket(zmq.PULL, zap_domain=b"global")
    with rawpeer.connect(zmq.bind(server, "tcp")) as peer:
        peer.send(greeting())
        peer.recv(rawpeer.GREETING_SIZE)
        said = prop(b"Socket-Type", b"PUSH") + prop(b"User-Id", b"root")
        said += prop(b"Color", b"blue") + prop(b"X-app", b"v1")
        peer.send(frame(b"\5READY" + said, command=True))
        told = prop(b"Color", b"red") + prop(b"Peer-Address", b"6.6.6.6")
        handler.judge(user=b"joe", metadata=told)
        peer.recv_frame()
        peer.send(rawpeer.message(b"one", b"two"))
        parts = server.recv_multipart(copy=False)
    for part in parts:
        assert part["User-Id"] == "joe"
        assert part["Color"] == "red"
        assert part["X-app"] == "v1"
        assert part["Peer-Address"] == "127.0.0.1"


def test_an_empty_user_id_is_one(zmq: Library) -> None:
    handler = Handler(zmq)
    server, client = pair(zmq)
    client.connect(zmq.bind(server, "tcp"))
    client.send(b"hello")
    handler.judge()
    assert server.recv(copy=False)["User-Id"] == ""


def test_ready_waits_for_the_answer(zmq: Library) -> None:
    handler = Handler(zmq)
    server, _ = pair(zmq)
    with rawpeer.connect(zmq.bind(server, "tcp")) as peer:
        peer.send(greeting())
        peer.recv(rawpeer.GREETING_SIZE)
        peer.send(rawpeer.ready(b"DEALER", b""))
        handler.asked()
        peer.sock.settimeout(0.05)
        with pytest.raises(socket.timeout):
            peer.recv(1)
        peer.sock.settimeout(20)
        handler.say()
        assert peer.recv_frame()[1].startswith(b"\5READY")


@pytest.mark.parametrize("early", [False, True])
@pytest.mark.parametrize("status", [b"400", b"500"])
def test_a_refused_peer_of_null(zmq: Library, status: bytes, early: bool) -> None:
    """`early`: its READY is there before the answer."""
    handler = Handler(zmq)
    server, _ = pair(zmq)
    watch = Watch(zmq, server)
    with rawpeer.connect(zmq.bind(server, "tcp")) as peer:
        peer.send(greeting())
        peer.recv(rawpeer.GREETING_SIZE)
        if early:
            peer.send(rawpeer.ready(b"DEALER", b""))
        handler.judge(status)
        assert peer.recv_frame() == (4, b"\5ERROR\3" + status)
        assert watch.until(AUTH)[-1].value == int(status)


def test_a_peer_that_is_put_off(zmq: Library) -> None:
    """It hears nothing, and the connection ends."""
    handler = Handler(zmq)
    server, client = pair(zmq, handshake_ivl=300)
    watch = Watch(zmq, server)
    client.connect(zmq.bind(server, "tcp"))
    client.send(b"hello")
    handler.judge(b"300")
    assert watch.until(AUTH)[-1].value == 300
    handler.judge()
    assert server.recv() == b"hello"


GOOD = (b"1.0", b"1", b"200", b"OK", b"", b"")


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        (GOOD[:5], "MALFORMED_REPLY"),
        ((*GOOD, b"x"), "MALFORMED_REPLY"),
        ((b"2.0", *GOOD[1:]), "BAD_VERSION"),
        ((b"1.0", b"9", *GOOD[2:]), "BAD_REQUEST_ID"),
        ((*GOOD[:2], b"201", *GOOD[3:]), "INVALID_STATUS_CODE"),
        ((*GOOD[:2], b"100", *GOOD[3:]), "INVALID_STATUS_CODE"),
        ((*GOOD[:2], b"2000", *GOOD[3:]), "INVALID_STATUS_CODE"),
        ((*GOOD[:2], b"", *GOOD[3:]), "INVALID_STATUS_CODE"),
        ((*GOOD[:5], b"\5abc"), "INVALID_METADATA"),
    ],
)
def test_bad_answers(zmq: Library, frames: tuple[bytes, ...], code: str) -> None:
    handler = Handler(zmq)
    server, client = pair(zmq)
    watch = Watch(zmq, server)
    client.connect(zmq.bind(server, "tcp"))
    handler.asked()
    handler.reply(*frames)
    failed = watch.until(PROTOCOL)[-1]
    wanted = getattr(zmq.constants.Event, f"PROTOCOL_ERROR_ZAP_{code}")
    assert failed.value == wanted
    if zmq.tag != "pyzmq":  # a monitor may keep it from closing
        assert watch.until("DISCONNECTED")


def test_no_handler_is_needed_with_null(zmq: Library) -> None:
    server, client = pair(zmq)
    client.connect(zmq.bind(server, "tcp"))
    client.send(b"hello")
    assert server.recv() == b"hello"


def test_unless_the_domain_is_enforced(zmq: Library) -> None:
    server, client = pair(zmq, zap_enforce_domain=1)
    watch = Watch(zmq, server)
    client.connect(zmq.bind(server, "tcp"))
    assert watch.until(NO_DETAIL)[-1].value == errno.EFAULT


@pytest.mark.only("pymq")
def test_a_handler_of_another_type_is_none(zmq: Library) -> None:
    """libzmq aborts."""
    zmq.socket(zmq.PULL).bind(ENDPOINT)
    server, client = pair(zmq)
    client.connect(zmq.bind(server, "tcp"))
    client.send(b"hello")
    assert server.recv() == b"hello"


def test_a_router_can_be_the_handler(zmq: Library) -> None:
    """It may answer in any order."""
    handler = zmq.socket(zmq.ROUTER)
    handler.bind(ENDPOINT)
    server = zmq.socket(zmq.PULL, zap_domain=b"global")
    endpoint = zmq.bind(server, "tcp")
    asked = []
    for name in (b"one", b"two"):
        client = zmq.socket(zmq.PUSH)
        client.connect(endpoint)
        client.send(name)
        asked.append(handler.recv_multipart())
    for route, *request in reversed(asked):
        assert request[0] == b""
        handler.send_multipart([route, b"", *GOOD])
    assert {server.recv(), server.recv()} == {b"one", b"two"}


def test_a_handler_that_says_nothing(zmq: Library) -> None:
    handler = Handler(zmq)
    server, client = pair(zmq, handshake_ivl=100)
    watch = Watch(zmq, server)
    client.connect(zmq.bind(server, "tcp"))
    handler.asked()
    failed = watch.until("DISCONNECTED")[-2]
    assert failed.name == NO_DETAIL
    # The next one is asked about anew, and others are served meanwhile.
    other = zmq.socket(zmq.DEALER)
    friend = zmq.socket(zmq.DEALER)
    friend.connect(zmq.bind(other, "tcp"))
    friend.send(b"hello")
    assert other.recv() == b"hello"


@pytest.mark.only("pymq")
def test_a_handler_that_leaves(zmq: Library) -> None:
    """libzmq waits for HANDSHAKE_IVL."""
    handler = Handler(zmq)
    server, client = pair(zmq)
    watch = Watch(zmq, server)
    client.connect(zmq.bind(server, "tcp"))
    handler.asked()
    handler.socket.close()
    assert watch.until(NO_DETAIL)[-1].value == errno.EPIPE


@contextmanager
def _judged(zmq: Library, server: Any, handler: Handler) -> Iterator[rawpeer.RawPeer]:
    """A peer about which the handler has been asked, and has not answered."""
    with rawpeer.connect(zmq.bind(server, "tcp")) as peer:
        peer.send(greeting())
        peer.recv(rawpeer.GREETING_SIZE)
        handler.asked()
        yield peer


def test_a_peer_that_leaves_meanwhile(zmq: Library) -> None:
    handler = Handler(zmq)
    server, client = pair(zmq)
    watch = Watch(zmq, server)
    with _judged(zmq, server, handler):
        pass
    assert watch.until(NO_DETAIL)
    handler.say()  # to nobody
    client.connect(zmq.last_endpoint(server))
    client.send(b"hello")
    handler.judge()
    assert server.recv() == b"hello"


@pytest.mark.parametrize("more", [b"\0\5hello", frame(b"\5READY", command=True)])
def test_nothing_may_come_before_the_answer(zmq: Library, more: bytes) -> None:
    handler = Handler(zmq)
    server, _ = pair(zmq)
    watch = Watch(zmq, server)
    with _judged(zmq, server, handler) as peer:
        peer.send(rawpeer.ready(b"DEALER", b"") + more)
        code = zmq.constants.Event.PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND
        assert watch.until(PROTOCOL)[-1].value == code


@pytest.mark.parametrize(
    "first", [b"\1\0", b"\xff" + bytes(8) + b"\x7f\1\x08\0\0"], ids=["1.0", "2.0"]
)
def test_an_older_peer_is_refused(zmq: Library, first: bytes) -> None:
    server, _ = pair(zmq)
    with rawpeer.connect(zmq.bind(server, "tcp")) as peer:
        peer.send(first)
        peer.rest()


@pytest.mark.parametrize("closes", ["server", "context"])
def test_closing_while_the_handler_is_asked(zmq: Library, closes: str) -> None:
    context = zmq.context()
    handler = Handler(zmq, context)
    server = zmq.socket(zmq.DEALER, context, zap_domain=b"global")
    client = zmq.socket(zmq.DEALER)
    client.connect(zmq.bind(server, "tcp"))
    handler.asked()
    (server.close if closes == "server" else context.destroy)()
    last: Union[Any, None] = handler.socket
    assert last is not None
    if closes == "server":
        handler.say()


def test_handlers_belong_to_contexts(zmq: Library) -> None:
    handler = Handler(zmq, zmq.context())
    server, client = pair(zmq)
    client.connect(zmq.bind(server, "tcp"))
    client.send(b"hello")
    assert server.recv() == b"hello"
    assert not handler.socket.poll(0)
