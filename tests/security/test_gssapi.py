"""GSSAPI between sockets, in a realm of Kerberos that is started here.

No libzmq that comes with pyzmq has it, so peers are our own, and bytes are those that
its source writes.
"""

from __future__ import annotations

import contextlib
import errno
from pathlib import Path
from typing import Any, Iterator

import implementations
import kdc
import pytest
import rawpeer
from guard import DOMAIN
from kdc import REALM, SERVICE
from library import Library
from patience import Background, until
from rawpeer import RawPeer, greeting
from watching import Watch
from zaphandler import Handler

from pymq.zmtp import command, frame, gss
from pymq.zmtp.error import ProtocolError
from pymq.zmtp.handshake import Failed, Handshake, Ready
from pymq.zmtp.mechanisms import Mechanism, Step
from pymq.zmtp.mechanisms.gssapi import Client, Server, Wrapper
from pymq.zmtp.socket_types import COMPATIBLE

pytestmark = [
    pytest.mark.only("pymq"),
    pytest.mark.skipif(not gss.available(), reason="the package gssapi is not there"),
    pytest.mark.skipif(kdc.missing() != "", reason=f"no {kdc.missing()}"),
]

KRB5 = 2  # a principal of Kerberos, as the type of a name
AUTH, PROTOCOL = "HANDSHAKE_FAILED_AUTH", "HANDSHAKE_FAILED_PROTOCOL"
NO_DETAIL = "HANDSHAKE_FAILED_NO_DETAIL"


@pytest.fixture(scope="module")
def realm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """This process belongs to it."""
    folder: Path = tmp_path_factory.mktemp("kdc")
    try:
        made = kdc.Kdc(folder)
    except Exception as error:  # whatever a system may have against it
        pytest.skip(f"no KDC: {error}")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in made.environment.items():
            patch.setenv(name, value)
        yield
    made.stop()


pytestmark.append(pytest.mark.usefixtures("realm"))


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


PAIRS = [("PUSH", "PULL"), ("REQ", "REP"), ("PAIR", "PAIR"), ("DEALER", "ROUTER")]


@pytest.mark.parametrize(("one", "two"), PAIRS, ids=[a for a, _ in PAIRS])
def test_every_pattern(zmq: Library, one: str, two: str) -> None:
    receiver, sender = serve(zmq, two), client(zmq, one)
    sender.connect(zmq.bind(receiver, "tcp"))
    for n in range(20):
        sender.send(b"%d" % n)
        received = receiver.recv_multipart()
        assert received[-1] == b"%d" % n
        if two in ("REP", "ROUTER"):
            receiver.send_multipart([*received[:-1], b"back"])
            assert sender.recv() == b"back"


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


# Bytes


def contexts() -> tuple[gss.Context, gss.Context]:
    return gss.initiate(b"alice", KRB5, SERVICE, 0), gss.accept(b"", 0)


def shakes(
    plaintext: tuple[bool, bool] = (False, False),
) -> tuple[Handshake, Handshake]:
    """Both sides, past their greetings."""
    one, two = contexts()
    sides: tuple[Mechanism, Mechanism] = (
        Client(lambda: one, plaintext[0]),
        Server(lambda: two, plaintext[1]),
    )
    made = []
    for kind, side in zip(("DEALER", "ROUTER"), sides):
        shake = Handshake(kind, b"", side, COMPATIBLE[kind])
        shake.start()
        shake.receive_data(greeting(b"GSSAPI"))
        shake.data_to_send()
        made.append(shake)
    return made[0], made[1]


def said(shake: Handshake) -> bytes:
    """What it says next."""
    while shake.aside is not None:
        outcome: Any
        try:
            outcome = shake.aside()
        except ProtocolError as error:
            outcome = error
        shake.resume(outcome)
    if shake.credentials is not None:
        shake.answer_alone()
    return shake.data_to_send()


def token(data: bytes, head: bytes) -> bytes:
    """What is in a command of that name."""
    found = frame.parse_header(data)
    assert found is not None
    flags, start, stop = found
    assert (flags, stop) == (frame.COMMAND, len(data))
    size = start + len(head)
    assert data[start:size] == head
    assert int.from_bytes(data[size : size + 4], "big") == len(data) - size - 4
    return data[size + 4 :]


def test_every_command() -> None:
    """As libzmq's source has them: tokens in INITIATE, both ways, then nothing in a
    command, then READY, wrapped, of the server and of the client."""
    one, two = shakes()
    first = said(one)
    assert token(first, b"\x08INITIATE")
    two.receive_data(first)
    second = said(two)
    assert token(second, b"\x08INITIATE")
    one.receive_data(second)
    third = said(one)
    assert third == b"\4\0"
    two.receive_data(third)
    fourth = said(two)
    assert token(fourth, b"\7MESSAGE")
    one.receive_data(fourth)
    fifth = said(one)
    assert token(fifth, b"\7MESSAGE")
    two.receive_data(fifth)
    assert isinstance(one.result, Ready) and isinstance(two.result, Ready)
    assert (one.result.socket_type, two.result.socket_type) == ("ROUTER", "DEALER")
    sealed = one.result.sealing.seal(frame.MORE, b"body")  # type: ignore[union-attr]
    assert sealed[:2] == bytes((0, len(sealed) - 2))
    assert sealed[2:10] == b"\7MESSAGE"
    assert two.result.sealing.open(sealed[2:]) == (  # type: ignore[union-attr]
        frame.MORE,
        b"body",
    )


def wrappers() -> tuple[Wrapper, Wrapper]:
    one, two = shakes()
    while not (isinstance(one.result, Ready) and isinstance(two.result, Ready)):
        two.receive_data(said(one))
        one.receive_data(said(two))
    found = one.result.sealing, two.result.sealing
    assert isinstance(found[0], Wrapper) and isinstance(found[1], Wrapper)
    return found[0], found[1]


def test_what_is_refused_of_messages() -> None:
    """Nothing that was changed, repeated, moved, or that everybody could read."""
    one, two = wrappers()
    good = one.seal(0, b"hello")[2:]
    for at in range(len(good)):
        with pytest.raises(ProtocolError):
            two.open(good[:at] + bytes((good[at] ^ 1,)) + good[at + 1 :])
    for size in range(len(good)):
        with pytest.raises(ProtocolError):
            two.open(good[:size])
    assert two.open(good) == (0, b"hello")
    with pytest.raises(ProtocolError):
        two.open(good)
    with pytest.raises(ProtocolError):
        two.open(two.seal(0, b"our own")[2:])
    _, second = one.seal(0, b"1")[2:], one.seal(0, b"2")[2:]
    with pytest.raises(ProtocolError):
        two.open(second)
    one, two = wrappers()
    clear = one._context._context.wrap(b"\0clear", False).message
    with pytest.raises(ProtocolError):
        two.open(b"\7MESSAGE" + len(clear).to_bytes(4, "big") + clear)
    for body in (b"", b"clear", b"\7MESSAGE", b"\7MESSAGE\0\0\0\0"):
        with pytest.raises(ProtocolError):
            two.open(body)


@pytest.mark.parametrize("which", [0, 1, 2, 3, 4])
def test_octets_of_a_handshake_that_change(which: int) -> None:
    """Kerberos does not protect all of a ticket's wrapping.  So it ends, or both have
    the same keys and names all the same."""
    size = len(_play(-1, -1)[which])
    ended = 0
    for at in range(0, size, 1 if size < 200 else 29):
        _play(which, at)
        ended += _ended[-1]
    assert ended > 1


_ended: list[bool] = []


def _play(which: int, at: int) -> list[bytes]:
    """The commands of a handshake in which octet `at` of one of them is changed."""
    sides = shakes()
    commands = []
    for turn in range(5):
        data = said(sides[turn % 2])
        commands.append(data)
        if turn == which and at < len(data):
            data = data[:at] + bytes((data[at] ^ 0x41,)) + data[at + 1 :]
        sides[1 - turn % 2].receive_data(data)
    results = [side.receive_eof() for side in sides]
    _ended.append(any(isinstance(result, Failed) for result in results))
    if all(isinstance(result, Ready) for result in results):
        one, two = (result.sealing for result in results)  # type: ignore[union-attr]
        assert isinstance(one, Wrapper) and isinstance(two, Wrapper)
        assert two.open(one.seal(0, b"x")[2:]) == (0, b"x")
        assert two._context.peer() == f"alice@{REALM}".encode()
    return commands


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
