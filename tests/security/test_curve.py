"""CURVE between sockets: who comes in, who does not, and what each side hears."""

from __future__ import annotations

import errno
from typing import Any

import pytest
import rawpeer
from conversing import PAIRS, SENDERS, converse
from library import Library
from rawpeer import frame, greeting
from watching import Watch, names
from zaphandler import Handler

import pymq
from pymq import z85
from pymq.zmtp import sodium

pytestmark = pytest.mark.skipif(not sodium.available(), reason="PyNaCl is not there")

AUTH, PROTOCOL = "HANDSHAKE_FAILED_AUTH", "HANDSHAKE_FAILED_PROTOCOL"
NO_DETAIL = "HANDSHAKE_FAILED_NO_DETAIL"
NULL, CURVE = 0, 2

SERVER, SECRET = pymq.curve_keypair() if sodium.available() else (b"", b"")


def serve(zmq: Library, kind: Any = None, **options: Any) -> Any:
    kind = zmq.DEALER if kind is None else kind
    return zmq.socket(kind, curve_secretkey=SECRET, curve_server=1, **options)


def client(zmq: Library, kind: Any = None, server: bytes = SERVER, **more: Any) -> Any:
    public, secret = zmq.curve_keypair()
    kind = zmq.DEALER if kind is None else kind
    keys = {"curve_publickey": public, "curve_secretkey": secret}
    return zmq.socket(kind, **keys, curve_serverkey=server, **more)


@pytest.mark.core
@pytest.mark.parametrize("binds", ["server", "client"])
def test_both_ways(zmq: Library, network: str, binds: str) -> None:
    sockets = {"server": serve(zmq), "client": client(zmq)}
    bound = sockets.pop(binds)
    (other,) = sockets.values()
    other.connect(zmq.bind(bound, network))
    for size in (0, 1, 222, 223, 255, 256, 70000, 3 << 20):
        message = [b"a" * size, b"", b"b" * size]
        other.send_multipart(message)
        assert bound.recv_multipart() == message
        bound.send_multipart(message)
        assert other.recv_multipart() == message


@pytest.mark.parametrize(("one", "two"), PAIRS, ids=SENDERS)
def test_every_pattern(zmq: Library, one: str, two: str) -> None:
    receiver = serve(zmq, getattr(zmq, two))
    sender = client(zmq, getattr(zmq, one))
    sender.connect(zmq.bind(receiver, "tcp"))
    converse(sender, receiver, two)


@pytest.mark.parametrize("publishes", ["server", "client"])
def test_subscriptions(zmq: Library, publishes: str) -> None:
    make = {"server": (serve, client), "client": (client, serve)}[publishes]
    publisher, subscriber = make[0](zmq, zmq.XPUB), make[1](zmq, zmq.SUB)
    subscriber.subscribe(b"T")
    subscriber.connect(zmq.bind(publisher, "tcp"))
    assert publisher.recv() == b"\1T"
    publisher.send(b"no")
    publisher.send_multipart([b"Topic", b"x" * 70000])
    assert subscriber.recv_multipart() == [b"Topic", b"x" * 70000]
    subscriber.unsubscribe(b"T")
    assert publisher.recv() == b"\0T"


def test_heartbeats(zmq: Library) -> None:
    """Longer than a peer that does not answer would be given."""
    server, other = serve(zmq, heartbeat_ivl=10, heartbeat_timeout=5000), client(zmq)
    watch = Watch(zmq, server)
    other.connect(zmq.bind(server, "tcp"))
    watch.until("HANDSHAKE_SUCCEEDED")
    assert not watch.socket.poll(300)
    other.send(b"hello")
    assert server.recv() == b"hello"


@pytest.mark.core
def test_the_handler_is_asked_about_the_clients_key(zmq: Library) -> None:
    handler = Handler(zmq)
    public, secret = zmq.curve_keypair()
    server = serve(zmq, zap_domain=b"dom")
    other = zmq.socket(
        zmq.DEALER,
        curve_publickey=public,
        curve_secretkey=secret,
        curve_serverkey=SERVER,
    )
    other.connect(zmq.bind(server, "tcp"))
    other.send(b"hello")
    request = handler.judge(user=b"joe")
    assert (request.mechanism, request.domain) == (b"CURVE", b"dom")
    assert request.credentials == (z85.decode(public),)
    part = server.recv(copy=False)
    assert (part.bytes, part["User-Id"]) == (b"hello", "joe")


@pytest.mark.parametrize("status", [b"400", b"500"])
def test_a_refused_client_is_told(zmq: Library, status: bytes) -> None:
    handler = Handler(zmq)
    server, other = serve(zmq), client(zmq)
    there, here = Watch(zmq, server), Watch(zmq, other)
    other.connect(zmq.bind(server, "tcp"))
    handler.judge(status)
    assert there.until(AUTH)[-1].value == int(status)
    seen = here.until("DISCONNECTED")
    assert (seen[-2].name, seen[-2].value) == (AUTH, int(status))
    other.close()  # it did not try again
    assert names(here.to_the_end()) == ["MONITOR_STOPPED"]


def test_an_enforced_domain_needs_a_handler(zmq: Library) -> None:
    server, other = serve(zmq, zap_domain=b"d", zap_enforce_domain=1), client(zmq)
    watch = Watch(zmq, server)
    other.connect(zmq.bind(server, "tcp"))
    assert watch.until(NO_DETAIL)[-1].value == errno.EFAULT


def _fails(zmq: Library, server: Any, other: Any, code: str) -> None:
    """The server says that a client broke the protocol, and how."""
    watch = Watch(zmq, server)
    other.connect(zmq.bind(server, "tcp"))
    wanted = getattr(zmq.constants.Event, f"PROTOCOL_ERROR_ZMTP_{code}")
    assert watch.until(PROTOCOL)[-1].value == wanted


def test_the_wrong_server(zmq: Library) -> None:
    server, other = serve(zmq), client(zmq, server=zmq.curve_keypair()[0])
    _fails(zmq, server, other, "CRYPTOGRAPHIC")


def test_a_client_whose_keys_do_not_match(zmq: Library) -> None:
    server = serve(zmq)
    other = client(zmq)
    other.curve_publickey = zmq.curve_keypair()[0]
    _fails(zmq, server, other, "CRYPTOGRAPHIC")


@pytest.mark.parametrize("options", [{}, {"plain_username": b"u"}])
def test_no_downgrade(zmq: Library, options: dict[str, Any]) -> None:
    server, other = serve(zmq), zmq.socket(zmq.DEALER, **options)
    _fails(zmq, server, other, "MECHANISM_MISMATCH")


def test_garbage_for_a_server(zmq: Library) -> None:
    server = serve(zmq)
    watch = Watch(zmq, server)
    endpoint = zmq.bind(server, "tcp")
    event = zmq.constants.Event
    for body, code in (
        (b"\5HELLO" + bytes(10), event.PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_HELLO),
        (b"\5READY" + bytes(10), event.PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND),
        (b"\5HELLO\1\0" + bytes(192), event.PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC),
    ):
        with rawpeer.connect(endpoint) as peer:
            peer.send(greeting(b"CURVE"))
            peer.recv(rawpeer.GREETING_SIZE)
            peer.send(frame(body, command=True))
            assert watch.until(PROTOCOL)[-1].value == code
            assert peer.rest() == b""


@pytest.mark.only("pymq")
def test_a_cookie_that_comes_back_too_late(
    zmq: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pymq.zmtp.mechanisms.curve.COOKIE_LIFE", -1)
    _fails(zmq, serve(zmq), client(zmq), "CRYPTOGRAPHIC")


@pytest.mark.fails_on("pyzmq", reason="an address stays taken after close")
def test_a_restarted_server(zmq: Library) -> None:
    """New short-term keys, and nonces from the beginning."""
    server, other = serve(zmq), client(zmq, reconnect_ivl=1)
    watch = Watch(zmq, other, zmq.EVENT_DISCONNECTED)
    endpoint = zmq.reserved("tcp")
    server.bind(endpoint)
    other.connect(endpoint)
    for n in range(3):
        other.send(b"%d" % n)
        assert server.recv() == b"%d" % n
        server.close()
        watch.until("DISCONNECTED")
        server = serve(zmq)
        server.bind(endpoint)


# Keys


@pytest.mark.core
def test_keys_as_options(zmq: Library) -> None:
    sock = zmq.socket(zmq.DEALER)
    raw = z85.decode(SERVER)
    for name in ("CURVE_PUBLICKEY", "CURVE_SECRETKEY", "CURVE_SERVERKEY"):
        option = getattr(zmq, name)
        for good in (raw, SERVER, SERVER + b"\0"):
            sock.plain_server = 0
            sock.set(option, good)
            assert (sock.mechanism, sock.curve_server) == (CURVE, 0)
        for bad in (b"", SERVER[:39], SERVER + b"x", b"#" * 40, b"~" * 40, raw[:31]):
            with zmq.refused(errno.EINVAL) as caught:
                sock.set(option, bad)
            assert not bad or bad.decode("latin-1") not in str(caught.value)
        with zmq.refused(errno.EINVAL):
            sock.get(option)
        with pytest.raises(TypeError):
            sock.set(option, SERVER.decode())


def test_the_last_option_decides(zmq: Library) -> None:
    sock = zmq.socket(zmq.DEALER)
    for name, value, mechanism, server in (
        ("curve_server", 1, CURVE, 1),
        ("curve_secretkey", SECRET, CURVE, 1),
        ("plain_server", 1, 1, 0),
        ("curve_server", 1, CURVE, 1),
        ("curve_serverkey", SERVER, CURVE, 0),
        ("curve_server", 0, NULL, 0),
    ):
        setattr(sock, name, value)
        assert (sock.mechanism, sock.curve_server) == (mechanism, server)
    for value in (-1, 2):
        with zmq.refused(errno.EINVAL):
            sock.curve_server = value


@pytest.mark.core
def test_keys(zmq: Library) -> None:
    assert zmq.has("curve")
    public, secret = zmq.curve_keypair()
    assert (len(public), len(secret)) == (40, 40)
    assert zmq.curve_public(secret) == public
    assert zmq.curve_public(secret.decode()) == public
    assert zmq.curve_keypair()[1] != secret
    for bad in (secret[:39], b"", b"\1" * 32):
        with pytest.raises(ValueError):
            zmq.curve_public(bad)
    with zmq.refused(errno.EINVAL):
        zmq.curve_public(b"~" * 40)


def test_known_keys(zmq: Library) -> None:
    """From the RFC's own test program."""
    public, secret = (
        b"Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID",
        b"D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs",
    )
    assert zmq.curve_public(secret) == public


@pytest.mark.only("pymq")
def test_no_password_is_shown(zmq: Library) -> None:
    sock = client(zmq)
    for name in ("CURVE_SECRETKEY", "PLAIN_PASSWORD"):
        with pytest.raises(TypeError) as caught:
            sock.set(getattr(zmq, name), "hush")
        assert "hush" not in str(caught.value)
    assert "curve" not in repr(sock).lower()
