"""``bind(auth=...)``: a callable says who comes in, on a thread or in a loop."""

from __future__ import annotations

import asyncio
import errno
import logging
import threading
from typing import Any, Callable

import pytest
import rawpeer
from authlib import Keys, needs_curve
from library import Library
from patience import Background, until
from watching import Watch
from zaphandler import Handler

from pymq.auth import Peer
from pymq.session import judge as judges

AUTH = "HANDSHAKE_FAILED_AUTH"

pytestmark = pytest.mark.only("pymq")


class Door:
    """Lets in whom `judge` lets in, and remembers who came."""

    def __init__(self, judge: Callable[[Peer], Any] = lambda peer: True) -> None:
        self.seen: list[Peer] = []
        self.threads: list[threading.Thread] = []
        self._judge = judge

    def __call__(self, peer: Peer) -> Any:
        self.seen.append(peer)
        self.threads.append(threading.current_thread())
        return self._judge(peer)


def bind(zmq: Library, server: Any, auth: Any, transport: str = "tcp") -> str:
    """Where `auth` is asked."""
    server.bind(zmq.address(transport), auth=auth)
    return zmq.last_endpoint(server)


def plain(zmq: Library, kind: int, user: bytes = b"joe", **options: Any) -> Any:
    """A client of PLAIN."""
    words = {"plain_username": user, "plain_password": b"pw"}
    return zmq.socket(kind, **words, **options)


def arrives(client: Any, server: Any) -> Any:
    """The frame, once the client's message is there."""
    client.send(b"hello")
    frame = server.recv_multipart(copy=False)[-1]
    assert frame.bytes == b"hello"
    return frame


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
    def now(peer: Peer) -> Any:
        if isinstance(answer, BaseException):
            raise answer
        return answer

    async def soon(peer: Peer) -> Any:
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


@pytest.mark.core
def test_a_slow_one_keeps_nobody_waiting(zmq: Library) -> None:
    """Neither another peer, nor another endpoint, nor who closes."""
    gate = threading.Event()
    begun = threading.Event()

    def judge(peer: Peer) -> bool:
        if peer.username == "slow":
            begun.set()
            gate.wait(20)
        return True

    door, server = Door(judge), zmq.socket(zmq.PULL, plain_server=1)
    endpoint = bind(zmq, server, door)
    slow = plain(zmq, zmq.PUSH, b"slow")
    slow.connect(endpoint)
    assert begun.wait(20)
    for _ in range(3):
        client = plain(zmq, zmq.PUSH)
        client.connect(endpoint)
        assert arrives(client, server)["User-Id"] == "joe"
    assert all(thread.name == "pymq-auth" for thread in door.threads)
    assert all(thread.daemon for thread in door.threads)
    gate.set()
    assert arrives(slow, server)["User-Id"] == "slow"
    for thread in door.threads:
        thread.join(20)
        assert not thread.is_alive()


def test_many_at_once(zmq: Library) -> None:
    """No more threads than the limit; who has to wait is served in the end."""
    gate, busy, most = threading.Semaphore(0), [0], [0]
    lock = threading.Lock()

    def judge(peer: Peer) -> bool:
        with lock:
            busy[0] += 1
            most[0] = max(most[0], busy[0])
        gate.acquire(timeout=20)
        with lock:
            busy[0] -= 1
        return True

    server = zmq.socket(zmq.PULL, zap_domain=b"dom")
    endpoint = bind(zmq, server, judge)
    clients = [zmq.socket(zmq.PUSH) for _ in range(judges.WORKERS + 8)]
    for client in clients:
        client.connect(endpoint)
        client.send(b"hello")
    gate.release(len(clients))
    for _ in clients:
        assert server.recv() == b"hello"
    assert 1 <= most[0] <= judges.WORKERS


def test_who_leaves_waits_for_no_thread(
    zmq: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While all are busy, for good perhaps, peers may come and go: nothing is kept."""
    monkeypatch.setattr(judges, "WORKERS", 2)
    made: list[judges.Judge] = []

    class Noted(judges.Judge):
        def __init__(self, auth: judges.Auth) -> None:
            super().__init__(auth)
            made.append(self)

    monkeypatch.setattr(judges, "Judge", Noted)
    gate, door = threading.Event(), Door(lambda peer: gate.wait(20))
    server = zmq.socket(zmq.PULL)
    watch = Watch(zmq, server)
    endpoint = bind(zmq, server, door)
    for _ in range(10):
        with rawpeer.connect(endpoint) as peer:
            peer.send(rawpeer.greeting() + rawpeer.ready(b"PUSH", b""))
            peer.recv(rawpeer.GREETING_SIZE)
        watch.until("DISCONNECTED")
    assert len(door.seen) <= 2
    assert not made[0]._waiting
    gate.set()


@pytest.mark.parametrize("ends", ["peer", "time", "socket", "context"])
def test_the_end_while_it_thinks(zmq: Library, ends: str) -> None:
    """Its answer comes too late, and harms nobody."""
    context = zmq.context()
    gate, begun = threading.Event(), threading.Event()

    def judge(peer: Peer) -> bool:
        begun.set()
        return gate.wait(20)

    door = Door(judge)
    ivl = 50 if ends == "time" else 30000
    server = zmq.socket(zmq.PULL, context, handshake_ivl=ivl)
    watch = Watch(zmq, server)
    endpoint = bind(zmq, server, door)
    with rawpeer.connect(endpoint) as peer:
        peer.send(rawpeer.greeting())
        peer.recv(rawpeer.GREETING_SIZE)
        peer.send(rawpeer.ready(b"PUSH", b""))
        assert begun.wait(20)
        if ends == "time":
            assert peer.rest() == b""
        elif ends == "socket":
            server.close()
        elif ends == "context":
            context.destroy()
    if ends in ("peer", "time"):
        watch.until("HANDSHAKE_FAILED_NO_DETAIL")
        gate.set()
        client = zmq.socket(zmq.PUSH)
        client.connect(endpoint)
        assert arrives(client, server)
    gate.set()
    for thread in door.threads:
        thread.join(20)
        assert not thread.is_alive()


@pytest.mark.core
def test_in_the_loop_of_who_binds(zmq: Library) -> None:
    async def main() -> None:
        loop, many = asyncio.get_running_loop(), asyncio.Event()
        waiting: list[Peer] = []

        async def judge(peer: Peer) -> str:
            assert asyncio.get_running_loop() is loop
            waiting.append(peer)
            if len(waiting) == 3:
                many.set()
            await many.wait()
            return "friend"

        server = zmq.socket(zmq.PULL, zap_domain=b"dom")
        endpoint = bind(zmq, server, judge)
        for _ in range(3):
            client = zmq.socket(zmq.PUSH)
            client.connect(endpoint)
            client.send(b"hello")
        for _ in range(3):
            frame = await loop.run_in_executor(None, lambda: server.recv(copy=False))
            assert frame["User-Id"] == "friend"

    asyncio.run(main())


def test_a_coroutine_ends_with_its_peer(zmq: Library) -> None:
    async def main() -> None:
        begun, ended = asyncio.Event(), asyncio.Event()

        async def judge(peer: Peer) -> bool:
            begun.set()
            try:
                await asyncio.sleep(3600)
            finally:
                ended.set()
            return True

        server = zmq.socket(zmq.PULL)
        with rawpeer.connect(bind(zmq, server, judge)) as peer:
            peer.send(rawpeer.greeting() + rawpeer.ready(b"PUSH", b""))
            await begun.wait()
        await ended.wait()

    asyncio.run(main())


def test_a_loop_that_is_gone(zmq: Library, caplog: pytest.LogCaptureFixture) -> None:
    """Nobody comes in, and nobody waits."""

    async def judge(peer: Peer) -> bool:
        return True

    async def main(server: Any) -> str:
        return bind(zmq, server, judge)

    server = zmq.socket(zmq.PULL)
    watch = Watch(zmq, server)
    zmq.socket(zmq.PUSH).connect(asyncio.run(main(server)))
    assert watch.until(AUTH)[-1].value == 500


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


@pytest.mark.core
def test_from_many_threads(zmq: Library) -> None:
    """What is asked about in one context is not lost among many."""
    server = zmq.socket(zmq.PULL, plain_server=1)
    endpoint = bind(zmq, server, Door())

    def come(user: bytes) -> None:
        client = plain(zmq, zmq.PUSH, user)
        client.connect(endpoint)
        client.send(user)

    names = [b"user %d" % n for n in range(20)]
    for work in [Background(lambda name=name: come(name)) for name in names]:  # type: ignore[misc]
        work.result()
    frames = [server.recv(copy=False) for _ in names]
    assert {frame.bytes for frame in frames} == set(names)
    assert all(frame["User-Id"] == frame.bytes.decode() for frame in frames)
