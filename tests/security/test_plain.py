"""PLAIN between sockets: who comes in, who does not, and what each side hears."""

from __future__ import annotations

import errno
from typing import Any, Callable

import pytest
import rawpeer
from library import Library
from rawpeer import RawListener, RawPeer, frame, greeting
from watching import Watch, names
from zaphandler import Handler, prop

DEALER = prop(b"Socket-Type", b"DEALER") + prop(b"Identity", b"")
HELLO = b"\5HELLO\5admin\6secret"
INITIATE = b"\x08INITIATE" + DEALER
WELCOME = b"\7WELCOME"
READY = b"\5READY" + prop(b"Socket-Type", b"ROUTER") + prop(b"Identity", b"")

AUTH, PROTOCOL = "HANDSHAKE_FAILED_AUTH", "HANDSHAKE_FAILED_PROTOCOL"


def command(body: bytes) -> bytes:
    return frame(body, command=True)


def client(zmq: Library, kind: Any = None, **options: Any) -> Any:
    kind = zmq.DEALER if kind is None else kind
    return zmq.socket(
        kind, plain_username=b"admin", plain_password=b"secret", **options
    )


@pytest.mark.core
@pytest.mark.parametrize("binds", ["server", "client"])
def test_a_user_comes_in(zmq: Library, network: str, binds: str) -> None:
    """Roles do not depend on who binds."""
    handler = Handler(zmq)
    sockets = {
        "server": zmq.socket(zmq.DEALER, plain_server=1, zap_domain=b"dom"),
        "client": client(zmq),
    }
    bound = sockets.pop(binds)
    (other,) = sockets.values()
    other.connect(zmq.bind(bound, network))
    other.send_multipart([b"a", b"", b"b" * 70000])
    request = handler.judge()
    bound.send(b"back")
    assert request.mechanism == b"PLAIN"
    assert request.domain == b"dom"
    assert request.credentials == (b"admin", b"secret")
    assert bound.recv_multipart() == [b"a", b"", b"b" * 70000]
    assert other.recv() == b"back"


PAIRS = [
    ("PUSH", "PULL"),
    ("PUB", "SUB"),
    ("REQ", "REP"),
    ("PAIR", "PAIR"),
]


@pytest.mark.parametrize(("one", "two"), PAIRS, ids=[a for a, _ in PAIRS])
def test_every_pattern(zmq: Library, one: str, two: str) -> None:
    handler = Handler(zmq)
    sender = client(zmq, getattr(zmq, one))
    receiver = zmq.socket(getattr(zmq, two), plain_server=1)
    if two == "SUB":
        receiver.subscribe(b"")
    sender.connect(zmq.bind(receiver, "tcp"))
    handler.judge()
    if one == "PUB":
        receiver.rcvtimeo = 5
        while True:  # until the subscription is there
            sender.send(b"hello")
            try:
                assert receiver.recv() == b"hello"
            except zmq.Again:
                continue
            return
    sender.send(b"hello")
    assert receiver.recv() == b"hello"


@pytest.mark.parametrize("status", [b"400", b"500"])
def test_a_refused_user_is_told(zmq: Library, status: bytes) -> None:
    handler = Handler(zmq)
    server, other = zmq.socket(zmq.DEALER, plain_server=1), client(zmq)
    there, here = Watch(zmq, server), Watch(zmq, other)
    other.connect(zmq.bind(server, "tcp"))
    handler.judge(status)
    assert there.until(AUTH)[-1].value == int(status)
    assert there.next().name == "DISCONNECTED"
    seen = here.until("DISCONNECTED")
    assert (seen[-2].name, seen[-2].value) == (AUTH, int(status))
    other.close()  # it did not try again
    assert names(here.to_the_end()) == ["MONITOR_STOPPED"]


def test_a_peer_that_is_put_off_tries_again(zmq: Library) -> None:
    """Status 300: it is not told, and libzmq lets it wait."""
    handler = Handler(zmq)
    server = zmq.socket(zmq.DEALER, plain_server=1, handshake_ivl=300)
    watch = Watch(zmq, server, zmq.EVENT_HANDSHAKE_FAILED_AUTH)
    other = client(zmq, reconnect_ivl=1)
    other.connect(zmq.bind(server, "tcp"))
    other.send(b"hello")
    handler.judge(b"300")
    assert watch.next().value == 300
    handler.judge(b"200")
    assert server.recv() == b"hello"


def test_without_a_handler_nobody_comes_in(zmq: Library) -> None:
    server = zmq.socket(zmq.DEALER, plain_server=1)
    watch = Watch(zmq, server)
    with rawpeer.connect(zmq.bind(server, "tcp")) as peer:
        peer.send(greeting(b"PLAIN"))
        peer.recv(rawpeer.GREETING_SIZE)
        peer.send(command(HELLO))
        failed = watch.until("HANDSHAKE_FAILED_NO_DETAIL")[-1]
        assert failed.value == errno.EFAULT
        if zmq.tag != "pyzmq":  # a monitor keeps it from closing
            assert watch.next().name == "DISCONNECTED"
            assert peer.rest() == b""


@pytest.mark.only("pymq")
def test_a_later_handler_lets_a_peer_in(zmq: Library) -> None:
    server, other = zmq.socket(zmq.DEALER, plain_server=1), client(zmq, reconnect_ivl=1)
    watch = Watch(zmq, server, zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL)
    other.connect(zmq.bind(server, "tcp"))
    other.send(b"hello")
    assert watch.next().value == errno.EFAULT
    Handler(zmq).judge()
    assert server.recv() == b"hello"


@pytest.mark.only("pymq")  # libzmq aborts
def test_an_enforced_domain_that_there_is_not(zmq: Library) -> None:
    server = zmq.socket(zmq.DEALER, plain_server=1, zap_enforce_domain=1)
    watch = Watch(zmq, server, zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL)
    other = client(zmq, reconnect_ivl=1)
    other.connect(zmq.bind(server, "tcp"))
    other.send(b"hello")
    assert watch.next().value == errno.EFAULT
    Handler(zmq).judge()
    assert server.recv() == b"hello"


def test_two_clients(zmq: Library) -> None:
    one, two = client(zmq), client(zmq)
    watch = Watch(zmq, one)
    two.connect(zmq.bind(one, "tcp"))
    failed = watch.until(PROTOCOL)[-1]
    assert failed.value == zmq.constants.Event.PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND


@pytest.mark.parametrize("secured", ["server", "client"])
def test_no_downgrade(zmq: Library, secured: str) -> None:
    bound = zmq.socket(zmq.DEALER)
    other = zmq.socket(zmq.DEALER)
    sock = bound if secured == "server" else other
    if secured == "server":
        sock.plain_server = 1
    else:
        sock.plain_username = b"u"
    watch = Watch(zmq, sock)
    other.connect(zmq.bind(bound, "tcp"))
    failed = watch.until(PROTOCOL)[-1]
    assert failed.value == zmq.constants.Event.PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH


@pytest.mark.parametrize(
    "first", [b"\1\0", b"\xff" + bytes(8) + b"\x7f\1\x08\0\0"], ids=["1.0", "2.0"]
)
def test_an_older_peer_is_refused(zmq: Library, first: bytes) -> None:
    server = zmq.socket(zmq.PULL, plain_server=1)
    with rawpeer.connect(zmq.bind(server, "tcp")) as peer:
        peer.send(first)
        peer.rest()  # there is an end


# What a server says to whom


def shake(zmq: Library, *bodies: bytes) -> tuple[str, int]:
    """A server whose handler agrees gets these, each after the answer to the last;
    returns the event of its failure."""
    handler = Handler(zmq)
    server = zmq.socket(zmq.DEALER, plain_server=1)
    watch = Watch(zmq, server)
    with rawpeer.connect(zmq.bind(server, "tcp")) as peer:
        peer.send(greeting(b"PLAIN"))
        peer.recv(rawpeer.GREETING_SIZE)
        for number, body in enumerate(bodies):
            peer.send(body)
            if number < len(bodies) - 1:
                handler.judge()
                assert peer.recv_frame()[1] == WELCOME
        failed = watch.until(PROTOCOL)[-1]
        assert peer.rest() == b""
    return failed.name, failed.value


@pytest.mark.parametrize(
    ("bodies", "code"),
    [
        ((command(b"\5HELLO"),), "MALFORMED_COMMAND_HELLO"),
        ((command(b"\5HELLO\5admin"),), "MALFORMED_COMMAND_HELLO"),
        ((command(b"\5HELLO\x50admin\1x"),), "MALFORMED_COMMAND_HELLO"),
        ((command(b"\5HELLO\5admin\1xy"),), "MALFORMED_COMMAND_HELLO"),
        ((command(b"\5HELLO\5admin\2x"),), "MALFORMED_COMMAND_HELLO"),
        ((command(INITIATE),), "UNEXPECTED_COMMAND"),
        ((command(b"\5ERROR\x03400"),), "UNEXPECTED_COMMAND"),
        ((command(HELLO), command(HELLO)), "UNEXPECTED_COMMAND"),
        ((command(HELLO), command(b"\5READY")), "UNEXPECTED_COMMAND"),
        ((command(HELLO), frame(b"hi")), "UNEXPECTED_COMMAND"),
    ],
)
def test_what_a_server_objects_to(
    zmq: Library, bodies: tuple[bytes, ...], code: str
) -> None:
    wanted = getattr(zmq.constants.Event, f"PROTOCOL_ERROR_ZMTP_{code}")
    assert shake(zmq, *bodies) == (PROTOCOL, wanted)


def test_nothing_may_come_while_the_handler_is_asked(zmq: Library) -> None:
    name, code = shake(zmq, command(HELLO) + command(INITIATE))
    assert code == zmq.constants.Event.PROTOCOL_ERROR_ZMTP_UNSPECIFIED


def test_every_byte_of_a_server(zmq: Library) -> None:
    handler = Handler(zmq)
    server = zmq.socket(zmq.ROUTER, plain_server=1, routing_id=b"SRV")
    with rawpeer.connect(zmq.bind(server, "tcp")) as peer:
        peer.send(greeting(b"PLAIN"))
        greeted = peer.recv(rawpeer.GREETING_SIZE)
        assert greeted[11:32] == greeting(b"PLAIN")[11:32]
        assert greeted[32] == (zmq.tag != "pyzmq")  # as-server: libzmq never sets it
        peer.send(command(HELLO))
        request = handler.judge()
        assert (request.routing_id, request.address) == (b"SRV", b"127.0.0.1")
        assert peer.recv_frame() == (4, WELCOME)
        peer.send(command(INITIATE))
        ready = b"\5READY" + prop(b"Socket-Type", b"ROUTER") + prop(b"Identity", b"SRV")
        assert peer.recv_frame() == (4, ready)
        peer.send(frame(b"hi"))
        assert server.recv_multipart()[1] == b"hi"


@pytest.mark.fails_on("pyzmq", reason="libzmq misspells ERROR here since 4.3.0")
def test_how_a_server_refuses(zmq: Library) -> None:
    handler = Handler(zmq)
    server = zmq.socket(zmq.DEALER, plain_server=1)
    with rawpeer.connect(zmq.bind(server, "tcp")) as peer:
        peer.send(greeting(b"PLAIN"))
        peer.recv(rawpeer.GREETING_SIZE)
        peer.send(command(HELLO))
        handler.judge(b"400")
        assert peer.rest() == command(b"\5ERROR\x03400")


# What a client says, and to whom it listens


Talk = Callable[[RawPeer], None]


def meet(zmq: Library, talk: Talk) -> tuple[str, int]:
    """A client and this server; returns the event of its failure."""
    other = client(zmq)
    watch = Watch(zmq, other)
    with RawListener() as listener:
        other.connect(listener.endpoint)
        with listener.accept() as peer:
            peer.send(greeting(b"PLAIN"))
            peer.recv(rawpeer.GREETING_SIZE)
            assert peer.recv_frame() == (4, HELLO)
            talk(peer)
            seen = watch.until("DISCONNECTED")
    other.close()  # it did not try again
    assert names(watch.to_the_end()) == ["MONITOR_STOPPED"]
    return seen[-2].name, seen[-2].value


@pytest.mark.parametrize(
    ("body", "name", "value"),
    [
        (WELCOME + b"x", PROTOCOL, "MALFORMED_COMMAND_WELCOME"),
        (READY, PROTOCOL, "UNEXPECTED_COMMAND"),
        (HELLO, PROTOCOL, "UNEXPECTED_COMMAND"),
        (b"^RROR\x03400", AUTH, 400),
    ],
)
def test_what_a_client_objects_to(
    zmq: Library, body: bytes, name: str, value: Any
) -> None:
    if isinstance(value, str):
        value = getattr(zmq.constants.Event, f"PROTOCOL_ERROR_ZMTP_{value}")
    assert meet(zmq, lambda peer: peer.send(command(body))) == (name, value)


@pytest.mark.fails_on("pyzmq", reason="libzmq knows only its own misspelt ERROR")
@pytest.mark.parametrize("status", [300, 400, 500])
def test_a_client_is_refused(zmq: Library, status: int) -> None:
    body = b"\5ERROR\3%d" % status
    assert meet(zmq, lambda peer: peer.send(command(body))) == (AUTH, status)


def test_a_second_welcome(zmq: Library) -> None:
    def talk(peer: RawPeer) -> None:
        peer.send(command(WELCOME))
        assert peer.recv_frame() == (4, INITIATE)
        peer.send(command(WELCOME))

    code = zmq.constants.Event.PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND
    assert meet(zmq, talk) == (PROTOCOL, code)


def test_every_byte_of_a_client(zmq: Library) -> None:
    other = client(zmq)
    with RawListener() as listener:
        other.connect(listener.endpoint)
        other.send(b"hi")
        with listener.accept() as peer:
            peer.send(greeting(b"PLAIN"))
            assert peer.recv(rawpeer.GREETING_SIZE)[11:] == greeting(b"PLAIN")[11:]
            assert peer.recv_frame() == (4, HELLO)
            peer.send(command(WELCOME))
            assert peer.recv_frame() == (4, INITIATE)
            peer.send(command(READY))
            assert peer.recv_frame() == (0, b"hi")
