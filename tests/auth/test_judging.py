"""``bind(auth=...)``: what takes its time keeps nobody waiting."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
import rawpeer
from authlib import Door, arrives, bind, plain
from library import Library
from patience import Background
from watching import Watch

from pymq.auth import Applicant
from pymq.session import judge as judges

AUTH = "HANDSHAKE_FAILED_AUTH"

pytestmark = pytest.mark.only("pymq")


@pytest.mark.core
def test_a_slow_one_keeps_nobody_waiting(zmq: Library) -> None:
    """Neither another peer, nor another endpoint, nor who closes."""
    gate = threading.Event()
    begun = threading.Event()

    def judge(peer: Applicant) -> bool:
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

    def judge(peer: Applicant) -> bool:
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

    def judge(peer: Applicant) -> bool:
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
        waiting: list[Applicant] = []

        async def judge(peer: Applicant) -> str:
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

        async def judge(peer: Applicant) -> bool:
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

    async def judge(peer: Applicant) -> bool:
        return True

    async def main(server: Any) -> str:
        return bind(zmq, server, judge)

    server = zmq.socket(zmq.PULL)
    watch = Watch(zmq, server)
    zmq.socket(zmq.PUSH).connect(asyncio.run(main(server)))
    assert watch.until(AUTH)[-1].value == 500


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
