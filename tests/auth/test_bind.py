"""``bind(auth=...)``: a callable says who comes in, on a thread or in a loop."""

from __future__ import annotations

import asyncio
import errno
import logging
import threading
from typing import Any

import pytest
import rawpeer
from authlib import Door, Keys, arrives, bind, needs_curve, plain
from library import Library
from patience import until
from watching import Watch
from zaphandler import Handler, prop

from pymq.auth import Applicant

AUTH = "HANDSHAKE_FAILED_AUTH"

pytestmark = pytest.mark.only("pymq")


@pytest.mark.core
def test_null(zmq: Library, network: str) -> None:
    door, server = Door(), zmq.socket(zmq.ROUTER, zap_domain=b"dom")
    client = zmq.socket(zmq.DEALER, routing_id=b"me", metadata=b"X-app:v1")
    client.connect(bind(zmq, server, door, network))
    frame = arrives(client, server)
    (peer,) = door.seen
    assert peer.address == frame["Peer-Address"]
    assert (peer.mechanism, peer.domain, peer.routing_id) == ("NULL", "dom", b"me")
    assert peer.metadata["X-app"] == b"v1"
    assert peer.metadata["Socket-Type"] == b"DEALER"
    assert peer[5:] == (None, None, None)
    assert (peer.key, peer.user_id) == (None, "")
    with zmq.refused(errno.EINVAL):
        frame["User-Id"]


@pytest.mark.core
def test_plain(zmq: Library) -> None:
    door, server = Door(), zmq.socket(zmq.ROUTER, plain_server=1)
    client = plain(zmq, zmq.DEALER, "zoë".encode(), routing_id=b"me")
    client.connect(bind(zmq, server, door))
    assert arrives(client, server)["User-Id"] == "zoë"
    assert [peer.user_id for peer in server.peers()] == ["zoë"]
    (peer,) = door.seen
    assert (peer.mechanism, peer.routing_id) == ("PLAIN", b"me")
    assert (peer.username, peer.password, peer.key) == ("zoë", b"pw", None)
    assert "pw" not in repr(peer)


@pytest.mark.core
@needs_curve
def test_curve(zmq: Library) -> None:
    us, me = Keys(zmq), Keys(zmq)
    door, server = Door(lambda peer: peer.key == me.public), us.server(zmq, zmq.ROUTER)
    endpoint = bind(zmq, server, door)
    watch = Watch(zmq, server)
    client = me.client(zmq, zmq.DEALER, us.public, routing_id=b"me")
    client.connect(endpoint)
    assert arrives(client, server)["User-Id"] == me.public.decode()
    (peer,) = door.seen
    assert (peer.mechanism, peer.routing_id) == ("CURVE", b"me")
    assert (peer.key, peer.user_id) == (me.public, me.public.decode())
    assert peer.raw_key is not None
    assert len(peer.raw_key) == 32
    Keys(zmq).client(zmq, zmq.DEALER, us.public).connect(endpoint)
    assert watch.until(AUTH)[-1].value == 400


@pytest.mark.parametrize("client_of", ["native", "pure", "pyzmq"])
@pytest.mark.parametrize("mechanism", ["NULL", "PLAIN", "CURVE"])
def test_any_client(zmq: Library, client_of: str, mechanism: str) -> None:
    """Those of libzmq come in, and are refused, too."""
    import implementations

    try:
        other = Library(implementations.load(client_of))
    except ImportError as error:
        pytest.skip(str(error))
    if mechanism == "CURVE" and not zmq.has("curve"):
        pytest.skip("PyNaCl is not there")
    door = Door(lambda peer: peer.routing_id == b"good")
    keys = Keys(zmq) if mechanism == "CURVE" else None
    kind = zmq.ROUTER
    server = keys.server(zmq, kind) if keys else zmq.socket(kind)
    server.plain_server = int(mechanism == "PLAIN") or server.plain_server
    if keys:
        server.curve_server = 1
    watch = Watch(zmq, server)
    endpoint = bind(zmq, server, door)
    for name in (b"bad", b"good"):
        client = other.socket(other.DEALER, routing_id=name)
        if mechanism == "PLAIN":
            client.plain_username, client.plain_password = b"joe", b"pw"
        if keys:
            client.curve_publickey, client.curve_secretkey = other.curve_keypair()
            client.curve_serverkey = keys.public
        client.connect(endpoint)
        if name == b"bad":
            assert watch.until(AUTH)[-1].value == 400
    assert arrives(client, server)
    assert [peer.mechanism for peer in door.seen] == [mechanism] * 2
    other.close()


ANSWERS: list[tuple[Any, int, str]] = [
    (True, 200, "joe"),
    ("ann", 200, "ann"),
    (b"\xff", 200, "\udcff"),
    ({"User-Id": "ann", "Role": b"admin"}, 200, "ann"),
    ({"Role": "admin"}, 200, "joe"),
    (False, 400, ""),
    (None, 400, ""),
    ("", 400, ""),
    ({}, 400, ""),
    (0, 400, ""),
    (1, 500, ""),
    ({"Role": 1}, 500, ""),
    (["joe"], 500, ""),
    (ValueError("moody"), 500, ""),
    (SystemExit(1), 500, ""),
]


@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize(("answer", "status", "user"), ANSWERS)
def test_answers(
    zmq: Library,
    caplog: pytest.LogCaptureFixture,
    answer: Any,
    status: int,
    user: str,
    later: bool,
) -> None:
    def now(peer: Applicant) -> Any:
        if isinstance(answer, BaseException):
            raise answer
        return answer

    async def soon(peer: Applicant) -> Any:
        await asyncio.sleep(0)
        return now(peer)

    server = zmq.socket(zmq.PULL, plain_server=1)
    watch = Watch(zmq, server)
    client = plain(zmq, zmq.PUSH)
    client.connect(bind(zmq, server, soon if later else now))
    if status == 200:
        frame = arrives(client, server)
        assert frame["User-Id"] == user
        assert frame["Peer-Address"] == "127.0.0.1"
        if isinstance(answer, dict):
            assert frame["Role"] == "admin"
    else:
        assert watch.until(AUTH)[-1].value == status
    assert ("auth failed" in caplog.text) == (status == 500)
    assert "pw" not in caplog.text


def test_no_zap_handler_is_asked(zmq: Library) -> None:
    handler = Handler(zmq)
    server = zmq.socket(zmq.PULL, plain_server=1, zap_domain=b"dom")
    client = plain(zmq, zmq.PUSH)
    client.connect(bind(zmq, server, Door()))
    arrives(client, server)
    assert not handler.socket.poll(0)


def test_endpoints_have_their_own(zmq: Library) -> None:
    """Of one socket, and of one context."""
    one, two = Door(), Door(lambda peer: "other")
    server = zmq.socket(zmq.PULL, plain_server=1)
    for door, user in ((one, "joe"), (two, "other")):
        client = plain(zmq, zmq.PUSH)
        client.connect(bind(zmq, server, door))
        assert arrives(client, server)["User-Id"] == user
    assert (len(one.seen), len(two.seen)) == (1, 1)
    port = server.bind_to_random_port("tcp://127.0.0.1", 40000, 50000, auth=two)
    client = plain(zmq, zmq.PUSH)
    client.connect(f"tcp://127.0.0.1:{port}")
    assert arrives(client, server)["User-Id"] == "other"


@pytest.mark.parametrize(
    "first", [b"\1\0", b"\xff" + bytes(8) + b"\x7f\1\x08\0\0"], ids=["1.0", "2.0"]
)
def test_an_older_peer_is_refused(zmq: Library, first: bytes) -> None:
    door, server = Door(), zmq.socket(zmq.PULL)
    with rawpeer.connect(bind(zmq, server, door)) as peer:
        peer.send(first)
        peer.rest()
    assert not door.seen


def test_bad_claims_are_not_looked_at(zmq: Library) -> None:
    door, server = Door(), zmq.socket(zmq.PULL)
    watch = Watch(zmq, server)
    with rawpeer.connect(bind(zmq, server, door)) as peer:
        peer.send(rawpeer.greeting() + rawpeer.frame(b"\5READY\5abc", command=True))
        failed = watch.until("HANDSHAKE_FAILED_PROTOCOL")[-1]
        event = zmq.constants.Event
        assert failed.value == event.PROTOCOL_ERROR_ZMTP_INVALID_METADATA
    assert not door.seen


def test_no_more_than_one_word_each(zmq: Library) -> None:
    """Nothing may come while it thinks; what came before is not acted upon."""
    gate = threading.Event()
    door = Door(lambda peer: gate.wait(20))
    server = zmq.socket(zmq.PULL)
    watch = Watch(zmq, server)
    with rawpeer.connect(bind(zmq, server, door)) as peer:
        peer.send(rawpeer.greeting() + rawpeer.ready(b"PUSH", b""))
        peer.send(rawpeer.message(b"early"))
        code = zmq.constants.Event.PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND
        assert watch.until("HANDSHAKE_FAILED_PROTOCOL")[-1].value == code
    gate.set()


INITIATE = rawpeer.frame(
    b"\x08INITIATE" + prop(b"Socket-Type", b"DEALER") + prop(b"Identity", b"me"),
    command=True,
)


def plain_hello(zmq: Library, peer: rawpeer.RawPeer) -> None:
    """Say who it is; the answer tells nothing."""
    peer.send(rawpeer.greeting(b"PLAIN"))
    peer.send(rawpeer.frame(b"\5HELLO\3joe\2pw", command=True))
    peer.recv(rawpeer.GREETING_SIZE)
    assert peer.recv_frame() == (4, b"\7WELCOME")


@pytest.mark.parametrize("answer", [True, False])
def test_plain_word_by_word(zmq: Library, answer: bool) -> None:
    """It is asked about when all is known, and READY comes after that."""
    door, server = Door(lambda peer: answer), zmq.socket(zmq.ROUTER, plain_server=1)
    with rawpeer.connect(bind(zmq, server, door)) as peer:
        plain_hello(zmq, peer)
        assert not door.seen
        peer.send(INITIATE)
        said = peer.recv_frame()[1]
        assert said.startswith(b"\5READY") if answer else said == b"\5ERROR\x03400"
    assert (door.seen[0].user_id, door.seen[0].routing_id) == ("joe", b"me")


def test_plain_again(zmq: Library) -> None:
    gate, begun = threading.Event(), threading.Event()

    def judge(peer: Applicant) -> bool:
        begun.set()
        return gate.wait(20)

    server = zmq.socket(zmq.ROUTER, plain_server=1)
    watch = Watch(zmq, server)
    with rawpeer.connect(bind(zmq, server, judge)) as peer:
        plain_hello(zmq, peer)
        peer.send(INITIATE)
        assert begun.wait(20)
        peer.send(INITIATE)
        code = zmq.constants.Event.PROTOCOL_ERROR_ZMTP_UNSPECIFIED
        assert watch.until("HANDSHAKE_FAILED_PROTOCOL")[-1].value == code
    gate.set()


def test_where_nobody_would_be_asked(zmq: Library) -> None:
    door = Door()
    with zmq.refused(errno.EINVAL) as caught:
        zmq.socket(zmq.PULL).bind(zmq.address("inproc"), auth=door)
    assert "inproc" in str(caught.value)
    for sock in (
        zmq.socket(zmq.STREAM),
        zmq.socket(zmq.ROUTER, router_raw=1),
        plain(zmq, zmq.PULL),
    ):
        with zmq.refused(errno.EINVAL):
            sock.bind("tcp://127.0.0.1:*", auth=door)
    with pytest.raises(TypeError):
        zmq.socket(zmq.PULL).bind("tcp://127.0.0.1:*", auth=b"key")


@needs_curve
def test_where_the_server_is_a_client(zmq: Library) -> None:
    us = Keys(zmq)
    with zmq.refused(errno.EINVAL):
        us.client(zmq, zmq.PULL, us.public).bind("tcp://127.0.0.1:*", auth=Door())


def test_a_refusal_is_logged_without_secrets(
    zmq: Library, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "pymq")
    server = zmq.socket(zmq.PULL, plain_server=1)
    watch = Watch(zmq, server)
    endpoint = bind(zmq, server, Door(lambda peer: False))
    client = zmq.socket(
        zmq.PUSH, plain_username=b"joe\nroot came in", plain_password=b"hush"
    )
    client.connect(endpoint)
    watch.until(AUTH)
    until(lambda: "joe" in caplog.text)
    assert "\nroot" not in caplog.text
    assert "hush" not in caplog.text
