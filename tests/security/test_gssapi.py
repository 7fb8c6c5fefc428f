"""GSSAPI between sockets, in a realm of Kerberos that is started here.

No libzmq that comes with pyzmq has it, so peers are our own, and bytes are those that
its source writes.
"""

from __future__ import annotations

import contextlib
import errno
from typing import Any

import implementations
import pytest
import rawpeer
from conversing import PAIRS, SENDERS, converse
from guard import DOMAIN
from kdc import KRB5, NEEDS, REALM, SERVICE
from library import Library
from patience import Background, until
from rawpeer import RawPeer, greeting
from watching import Watch
from zaphandler import Handler

from pymq.zmtp import command, gss
from pymq.zmtp.mechanisms import Step
from pymq.zmtp.mechanisms.gssapi import Client, Wrapper

pytestmark = [*NEEDS, pytest.mark.usefixtures("realm")]

AUTH, PROTOCOL = "HANDSHAKE_FAILED_AUTH", "HANDSHAKE_FAILED_PROTOCOL"
NO_DETAIL = "HANDSHAKE_FAILED_NO_DETAIL"


def serve(zmq: Library, kind: str = "DEALER", **options: Any) -> Any:
    return zmq.socket(getattr(zmq, kind), gssapi_server=1, **options)


def client(
    zmq: Library, kind: str = "DEALER", user: bytes = b"alice", **more: Any
) -> Any:
    return zmq.socket(
        getattr(zmq, kind),
        gssapi_principal=user,
        gssapi_principal_nametype=KRB5,
        gssapi_service_principal=SERVICE,
        **more,
    )


def exchange(one: Any, two: Any) -> None:
    for size in (0, 1, 255, 256, 70000, 1 << 20):
        message = [b"a" * size, b"", b"b" * size]
        one.send_multipart(message)
        assert two.recv_multipart() == message
        two.send_multipart(message)
        assert one.recv_multipart() == message


@pytest.mark.parametrize("plaintext", [0, 1])
@pytest.mark.parametrize("binds", ["server", "client"])
def test_both_ways(zmq: Library, network: str, binds: str, plaintext: int) -> None:
    sockets = {
        "server": serve(zmq, gssapi_plaintext=plaintext),
        "client": client(zmq, gssapi_plaintext=plaintext),
    }
    bound = sockets.pop(binds)
    (other,) = sockets.values()
    other.connect(zmq.bind(bound, network))
    exchange(bound, other)


def test_each_backend_with_the_other(zmq: Library) -> None:
    tag = {"native": "pure", "pure": "native"}[zmq.tag]
    try:
        peer = Library(implementations.load(tag))
    except ImportError:
        pytest.skip(f"no {tag}")
    with contextlib.closing(peer):
        server, other = serve(zmq), client(peer)
        other.connect(zmq.bind(server, "tcp"))
        exchange(server, other)


@pytest.mark.parametrize(("one", "two"), PAIRS, ids=SENDERS)
def test_every_pattern(zmq: Library, one: str, two: str) -> None:
    receiver, sender = serve(zmq, two), client(zmq, one)
    sender.connect(zmq.bind(receiver, "tcp"))
    converse(sender, receiver, two)


def test_subscriptions_and_heartbeats(zmq: Library) -> None:
    """libzmq 4.3 loses subscriptions here: its inner flags do not tell of commands."""
    publisher = serve(zmq, "XPUB", heartbeat_ivl=10, heartbeat_timeout=5000)
    subscriber = client(zmq, "SUB")
    watch = Watch(zmq, publisher, zmq.EVENT_DISCONNECTED)
    subscriber.subscribe(b"T")
    subscriber.connect(zmq.bind(publisher, "tcp"))
    assert publisher.recv() == b"\1T"
    assert not watch.socket.poll(100)
    publisher.send_multipart([b"Topic", b"x" * 70000])
    assert subscriber.recv_multipart() == [b"Topic", b"x" * 70000]
    subscriber.unsubscribe(b"T")
    assert publisher.recv() == b"\0T"


def test_the_handler_is_asked_about_the_principal(zmq: Library) -> None:
    handler = Handler(zmq)
    server, other = serve(zmq, zap_domain=DOMAIN), client(zmq, user=b"bob")
    other.connect(zmq.bind(server, "tcp"))
    other.send(b"hello")
    request = handler.judge(user=b"robert")
    assert (request.mechanism, request.domain) == (b"GSSAPI", DOMAIN)
    assert request.credentials == (f"bob@{REALM}".encode(),)
    part = server.recv(copy=False)
    assert (part.bytes, part["User-Id"]) == (b"hello", "robert")


def test_who_binds_may_judge(zmq: Library) -> None:
    """`auth` of bind is told the principal."""
    seen: list[Any] = []

    def auth(peer: Any) -> bool:
        seen.append((peer.mechanism, peer.username))
        return bool(peer.username == f"alice@{REALM}")

    server = serve(zmq)
    server.bind("tcp://127.0.0.1:*", auth=auth)
    endpoint = zmq.last_endpoint(server)
    refused, other = client(zmq, user=b"bob"), client(zmq)
    watch = Watch(zmq, refused)
    refused.connect(endpoint)
    refused.send(b"bad")
    watch.until(AUTH)
    other.connect(endpoint)
    other.send(b"good")
    part = server.recv(copy=False)
    assert (part.bytes, part["User-Id"]) == (b"good", f"alice@{REALM}")
    assert seen == [("GSSAPI", f"{name}@{REALM}") for name in ("bob", "alice")]
    assert not server.poll(0)


@pytest.mark.parametrize("status", [b"400", b"500"])
def test_a_refused_client_is_told(zmq: Library, status: bytes) -> None:
    """libzmq's is only disconnected, and by some versions let in."""
    handler = Handler(zmq)
    server, other = serve(zmq), client(zmq)
    here = Watch(zmq, other)
    other.connect(zmq.bind(server, "tcp"))
    other.send(b"hello")
    handler.judge(status)
    seen = here.until("DISCONNECTED")
    assert (seen[-2].name, seen[-2].value) == (AUTH, int(status))
    assert not server.poll(0)


def test_an_enforced_domain_needs_a_handler(zmq: Library) -> None:
    server = serve(zmq, zap_domain=b"d", zap_enforce_domain=1)
    watch = Watch(zmq, server)
    client(zmq).connect(zmq.bind(server, "tcp"))
    assert watch.until(NO_DETAIL)[-1].value == errno.EFAULT


@pytest.mark.parametrize(
    "wrong",
    [{"gssapi_service_principal": b"other@localhost"}, {"gssapi_principal": b"nobody"}],
    ids=["service", "user"],
)
def test_no_ticket(zmq: Library, wrong: dict[str, Any]) -> None:
    """Nobody's fault, so the client tries again; the server hears of no token."""
    server, other = serve(zmq), client(zmq, reconnect_ivl=1)
    for name, value in wrong.items():
        other.set(getattr(zmq, name.upper()), value)
    watch = Watch(zmq, other)
    other.connect(zmq.bind(server, "tcp"))
    watch.until(NO_DETAIL)
    watch.until("CONNECTED")
    assert not server.poll(0)


def test_no_downgrade(zmq: Library) -> None:
    for options in ({}, {"plain_username": b"u", "plain_password": b"p"}):
        server, other = serve(zmq), zmq.socket(zmq.DEALER, **options)
        watch = Watch(zmq, server)
        other.connect(zmq.bind(server, "tcp"))
        mismatch = zmq.constants.Event.PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH
        assert watch.until(PROTOCOL)[-1].value == mismatch


def test_plaintext_on_one_side_only(zmq: Library) -> None:
    """Who wants protection does not go without."""
    for ours, theirs in ((1, 0), (0, 1)):
        server = serve(zmq, gssapi_plaintext=ours)
        other = client(zmq, gssapi_plaintext=theirs)
        watch = Watch(zmq, server)
        other.connect(zmq.bind(server, "tcp"))
        other.send(b"message")
        while not watch.next().name.startswith(("HANDSHAKE_FAILED", "DISCONNECTED")):
            pass
        assert not server.poll(0)


def test_the_limit_is_of_what_was_wrapped(zmq: Library) -> None:
    server, other = serve(zmq, maxmsgsize=1000), client(zmq)
    watch = Watch(zmq, server, zmq.EVENT_DISCONNECTED)
    other.connect(zmq.bind(server, "tcp"))
    other.send(b"x" * 1000)
    assert server.recv() == b"x" * 1000
    other.send(b"x" * 1001)
    watch.until("DISCONNECTED")
    assert not server.poll(0)


def test_nothing_is_lost_at_the_end(zmq: Library, network: str) -> None:
    """LINGER is of what the peer's kernel has, behind the wrapping too."""
    server = serve(zmq, "PULL")
    endpoint = zmq.bind(server, network)
    context = zmq.context()
    sender = client(zmq, "PUSH")
    sender.close()
    sender = context.socket(zmq.PUSH)
    sender.gssapi_principal, sender.gssapi_principal_nametype = b"alice", KRB5
    sender.gssapi_service_principal = SERVICE
    sender.linger = -1
    sender.connect(endpoint)
    bodies = [b"%d" % n * 30000 for n in range(100)]
    for body in bodies:
        sender.send(body)
    sender.close()
    ending = Background(context.term)
    assert [server.recv() for _ in bodies] == bodies
    ending.result()


def test_a_mark_holds_the_peer_back(zmq: Library) -> None:
    """What nobody receives is not in our memory."""
    server, other = serve(zmq, "PULL", rcvhwm=1), client(zmq, "PUSH", sndhwm=1)
    other.connect(zmq.bind(server, "tcp"))
    other.sndtimeo = 300
    sent = 0
    with contextlib.suppress(zmq.Again):
        while sent < 1000:
            other.send(b"%d" % sent * 20000)
            sent += 1
    assert sent < 1000
    for n in range(sent):
        assert server.recv() == b"%d" % n * 20000


BODIES = [
    b"\x08INITIATE",
    b"\x08INITIATE\0\0\0",
    b"\x08INITIATE\0\0\0\0",
    b"\x08INITIATE\0\0\0\5junk!",
    b"\x08INITIATE\0\0\0\4junk!",
    b"\x08INITIATE\xff\xff\xff\xff",
    b"\5READY",
    b"\7MESSAGE\0\0\0\0",
    b"",
    b"\5HELLO",
]


@pytest.mark.parametrize("body", BODIES)
def test_garbage_for_a_server(zmq: Library, body: bytes) -> None:
    server = serve(zmq)
    watch = Watch(zmq, server)
    endpoint = zmq.bind(server, "tcp")
    with rawpeer.connect(endpoint) as peer:
        peer.send(greeting(b"GSSAPI") + rawpeer.frame(body, command=True))
        watch.until(PROTOCOL)
        assert b"READY" not in peer.rest()
    other = client(zmq)
    other.connect(endpoint)
    other.send(b"hello")
    assert server.recv() == b"hello"


def test_a_replayed_connection(zmq: Library) -> None:
    """Kerberos remembers who has come, and at what time."""
    server = serve(zmq)
    endpoint = zmq.bind(server, "tcp")
    first = gss.initiate(b"alice", KRB5, SERVICE, 0).step()
    initiate = command.encode(command.INITIATE, len(first).to_bytes(4, "big") + first)
    with rawpeer.connect(endpoint) as peer:
        assert _initiates(peer, initiate)
    with rawpeer.connect(endpoint) as peer:
        assert not _initiates(peer, initiate)


def _initiates(peer: RawPeer, initiate: bytes) -> bool:
    peer.send(greeting(b"GSSAPI") + rawpeer.frame(initiate, command=True))
    peer.recv(rawpeer.GREETING_SIZE)
    try:
        return peer.recv_frame()[1].startswith(b"\x08INITIATE")
    except (EOFError, ConnectionError):
        return False


def test_a_spoiled_message_ends_the_connection(zmq: Library) -> None:
    """Through a socket, with all that is behind it."""
    server = serve(zmq)
    watch = Watch(zmq, server, zmq.EVENT_DISCONNECTED)
    with rawpeer.connect(zmq.bind(server, "tcp")) as peer:
        wrapper = _let_in(peer)
        peer.send(wrapper.seal(0, b"good"))
        assert server.recv() == b"good"
        bad = bytearray(wrapper.seal(0, b"bad"))
        bad[-1] ^= 1
        peer.send(bytes(bad))
        watch.until("DISCONNECTED")
        assert not server.poll(0)


def _let_in(peer: RawPeer) -> Wrapper:
    """Shake hands as a client."""
    side = Client(lambda: gss.initiate(b"alice", KRB5, SERVICE, 0))
    step: Step = side.start(b"\x0bSocket-Type\0\0\0\6DEALER")
    peer.send(greeting(b"GSSAPI"))
    peer.recv(rawpeer.GREETING_SIZE)
    step = step.aside() if step.aside else step
    while step.metadata is None:
        for body in step.replies:
            peer.send(rawpeer.frame(body, command=True))
        step = side.receive(command.parse(peer.recv_frame()[1]))
    assert side.sealing is not None
    peer.send(rawpeer.frame(step.replies[0], command=True))
    return side.sealing


def test_a_peer_that_does_not_read_holds_nothing(zmq: Library) -> None:
    """Once the socket is closed, and has waited for as long as it is to."""
    server = serve(zmq)
    server.sndtimeo = 200
    with rawpeer.connect(zmq.bind(server, "tcp"), receive_buffer=4096) as peer:
        assert _let_in(peer)
        splices = zmq.main._control.splices
        until(lambda: splices)
        with contextlib.suppress(zmq.Again):
            for _ in range(1000):
                server.send(b"x" * 100_000)
        server.close(linger=0)
        until(lambda: not splices)


def test_options(zmq: Library) -> None:
    sock = zmq.socket(zmq.DEALER)
    for name, value, mechanism, server in (
        ("gssapi_server", 1, 3, 1),
        ("gssapi_principal", b"me", 3, 1),
        ("plain_server", 1, 1, 0),
        ("gssapi_service_principal", b"you", 3, 0),
        ("gssapi_server", 1, 3, 1),
        ("gssapi_server", 0, 3, 0),
        ("plain_server", 0, 0, 0),
    ):
        setattr(sock, name, value)
        assert (sock.mechanism, sock.gssapi_server) == (mechanism, server), name
    for name in ("gssapi_principal_nametype", "gssapi_service_principal_nametype"):
        for value in (0, 1, 2):
            setattr(sock, name, value)
            assert getattr(sock, name) == value
        with zmq.refused(errno.EINVAL):
            setattr(sock, name, 3)
    assert zmq.has("gssapi")
