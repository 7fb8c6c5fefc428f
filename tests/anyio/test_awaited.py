"""The calls that wait for more than a message, on sockets of asyncio and of anyio."""

from __future__ import annotations

import errno
import gc
import os
from contextlib import contextmanager
from functools import partial
from typing import Any, Awaitable, Callable, Iterator

import pytest
from library import TIMEOUT, Library
from patience import Background
from rawpeer import RawPeer, connect

anyio = pytest.importorskip("anyio", reason="anyio is not installed")

from anyioloops import Sockets, turns  # noqa: E402 - needs anyio

pytestmark = pytest.mark.only("pymq")

LARGE = bytes(10_000_000)  # more than any kernel takes of a peer that does not read
KINDS = [
    ("pymq.asyncio", "asyncio"),
    ("pymq.asyncio", "uvloop"),
    ("pymq.anyio", "asyncio"),
    ("pymq.anyio", "uvloop"),
    ("pymq.anyio", "trio"),
]


@pytest.fixture(params=KINDS, ids="-".join)
def aio(zmq: Library, request: pytest.FixtureRequest) -> Sockets:
    """The sockets under test."""
    module, kind = request.param
    if kind != "asyncio":
        pytest.importorskip(kind, reason=f"{kind} is not installed")
    return Sockets(zmq, kind, module)


Calls = list[Callable[[], Awaitable[Any]]]


async def answers(*calls: Callable[[], Awaitable[Any]]) -> list[Any]:
    """What they return, made in tasks, that return something."""
    found: list[Any] = []

    async def make(call: Callable[[], Awaitable[Any]]) -> None:
        result = await call()
        if result is not None:
            found.append(result)

    async with anyio.create_task_group() as group:
        for call in calls:
            group.start_soon(make, call)
    return found


async def cancelled(call: Callable[[], Awaitable[Any]]) -> None:
    """Make the call, and cancel it while it waits."""

    async def make() -> None:
        await call()
        raise AssertionError("it did not wait")

    async with anyio.create_task_group() as group:
        group.start_soon(make)
        await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()


def narrow(aio: Sockets) -> tuple[Any, RawPeer]:
    """A PUSH and a peer that reads nothing, with little room between them."""
    push = aio.socket(aio.zmq.PUSH, sndbuf=4096)
    peer = connect(aio.zmq.bind(push, "tcp"), receive_buffer=4096)
    peer.handshake(b"PULL")
    return push, peer


def reads(peer: RawPeer) -> Callable[[], Awaitable[None]]:
    """Has the peer read a message, once the others wait."""

    async def read() -> None:
        await anyio.wait_all_tasks_blocked()
        assert await anyio.to_thread.run_sync(peer.recv_message) == [LARGE]

    return read


def asking(aio: Sockets, transport: str = "tcp") -> tuple[Any, Any]:
    """A REQ and the ROUTER that it asks."""
    req, router = aio.socket(aio.zmq.REQ), aio.socket(aio.zmq.ROUTER)
    req.connect(aio.zmq.bind(router, transport))
    return req, router


async def answer(router: Any) -> None:
    frames = await router.recv_multipart()
    await router.send_multipart([*frames[:-1], b"re " + frames[-1]])


def test_subscribers(aio: Sockets, transport: str) -> None:
    async def main() -> None:
        zmq = aio.zmq
        pub, subs = aio.socket(zmq.XPUB), [aio.socket(zmq.SUB) for _ in range(2)]
        endpoint = zmq.bind(pub, transport)
        assert await pub.wait_for_subscribers(timeout=0) is False
        assert await pub.wait_for_subscribers(timeout=5) is False

        async def subscribe() -> bool:
            await anyio.wait_all_tasks_blocked()
            for sub in subs:
                sub.subscribe(b"new")
                sub.connect(endpoint)
            return all([await sub.wait_subscribed(TIMEOUT) for sub in subs])

        wait = partial(pub.wait_for_subscribers, 2, "news")
        assert await answers(wait, subscribe) == [True, True]
        with zmq.refused(errno.ENOTSUP):
            await pub.wait_subscribed()
        with zmq.refused(errno.ENOTSUP):
            await subs[0].wait_for_subscribers()

    aio.run(main)


def test_flush(aio: Sockets) -> None:
    async def main() -> None:
        push, peer = narrow(aio)
        assert await push.flush() is True
        await push.send(LARGE)
        assert await push.flush(0) is False
        assert await push.flush(5) is False
        await cancelled(push.flush)
        with peer:
            assert await answers(push.flush, reads(peer)) == [True]

    aio.run(main)


def test_flush_of_who_leaves(aio: Sockets) -> None:
    """A connection that breaks takes its messages with it, and is not waited for."""

    async def main() -> None:
        push, peer = narrow(aio)
        await push.send(LARGE)

        async def leave() -> None:
            await anyio.wait_all_tasks_blocked()
            peer.__exit__()

        assert await answers(push.flush, leave) == [True]

    aio.run(main)


def test_drain(aio: Sockets) -> None:
    async def main() -> None:
        push, peer = narrow(aio)
        await push.send(LARGE)
        await cancelled(push.drain)  # it is closed all the same, and lingers
        with peer:
            assert await answers(push.drain, reads(peer)) == [(1, 0)]
        assert await push.drain() == (1, 0)
        push, peer = narrow(aio)
        with peer:
            await push.send(LARGE)
            assert await push.drain(linger=0) == (0, 1)

    aio.run(main)


def test_request(aio: Sockets, transport: str) -> None:
    async def main() -> None:
        req, router = asking(aio, transport)
        for body in (b"1", b"2" * 100_000):
            request = partial(req.request, body)
            found = await answers(request, partial(answer, router))
            assert found == [b"re " + body]
        with aio.zmq.refused(errno.ENOTSUP):
            await router.request(b"x")

    aio.run(main)


def test_a_request_is_sent_again(aio: Sockets) -> None:
    async def main() -> None:
        req, router = asking(aio)

        async def forget() -> None:
            await router.recv_multipart()
            await answer(router)

        request = partial(req.request, b"x", 10, 2000)
        assert await answers(request, forget) == [b"re x"]
        router.close()
        with pytest.raises(aio.zmq.Again):
            await req.request(b"x", 1, 2)

    aio.run(main)


def test_a_request_that_was_cancelled(aio: Sockets) -> None:
    """The next one gets its own reply, however far the other one had come."""

    async def main() -> None:
        req, router = asking(aio, "inproc")
        lonely = aio.socket(aio.zmq.REQ)
        await cancelled(partial(lonely.request, b"nobody is there"))
        late = []
        for number in range(3):
            await cancelled(partial(req.request, b"%d" % number))
            late.append(await router.recv_multipart())
        for frames in late:
            await router.send_multipart([*frames[:-1], b"late"])
        found = await answers(partial(req.request, b"x"), partial(answer, router))
        assert found == [b"re x"]
        lonely.connect(aio.zmq.bind(aio.socket(aio.zmq.ROUTER), "tcp"))
        await lonely.send(b"not in the middle of anything")

    aio.run(main)


def test_a_request_is_cancelled_at_any_turn(aio: Sockets) -> None:
    async def main() -> None:
        req, router = asking(aio, "inproc")
        for number in range(8):
            body = b"%d" % number
            async with anyio.create_task_group() as group:
                group.start_soon(req.request, b"cancelled")
                await anyio.wait_all_tasks_blocked()
                await answer(router)
                await turns(number)
                group.cancel_scope.cancel()
            request = partial(req.request, body)
            assert await answers(request, partial(answer, router)) == [b"re " + body]

    aio.run(main)


def test_no_descriptor_is_left(aio: Sockets) -> None:
    async def main() -> None:
        zmq = aio.zmq
        pub, nobody = aio.socket(zmq.PUB), zmq.reserved("tcp")

        async def wait() -> int:
            await pub.wait_for_subscribers(timeout=1)
            await cancelled(pub.wait_for_subscribers)
            with pytest.raises(zmq.Again):
                await pub.connect(nobody, timeout=1)
            gc.collect()
            return len(os.listdir("/proc/self/fd"))

        counts = [await wait() for _ in range(4)]
        assert counts[-1] <= counts[0]

    aio.run(main)


def test_tasks_and_threads_take_turns(aio: Sockets) -> None:
    """One who is cancelled before it is his turn leaves the one whose it is alone."""

    async def main() -> None:
        zmq = aio.zmq
        req, router = asking(aio)
        found: list[bytes] = []

        async def ask(body: bytes) -> None:
            found.append(await req.request(body))

        async with anyio.create_task_group() as group:
            group.start_soon(ask, b"0")
            await anyio.wait_all_tasks_blocked()
            await cancelled(partial(req.request, b"never"))
            for number in range(1, 4):
                group.start_soon(ask, b"%d" % number)
                await anyio.wait_all_tasks_blocked()
            thread = Background(partial(zmq.Socket.shadow(req).request, b"last"))
            for _ in range(5):
                await answer(router)
            assert await anyio.to_thread.run_sync(thread.result) == b"re last"
        assert found == [b"re %d" % number for number in range(4)]

    aio.run(main)


def test_connect(aio: Sockets, transport: str) -> None:
    async def main() -> None:
        zmq = aio.zmq
        server, client = aio.socket(zmq.PULL), aio.socket(zmq.PUSH)
        endpoint = zmq.reserved(transport)
        for limit in (0, 10):
            with pytest.raises(zmq.Again):
                await client.connect(endpoint, timeout=limit)
        await cancelled(partial(client.connect, endpoint, timeout=-1))
        with zmq.refused(errno.ENOENT):
            client.disconnect(endpoint)

        async def bind() -> None:
            await anyio.wait_all_tasks_blocked()
            server.bind(endpoint)

        connects = partial(client.connect, endpoint, timeout=-1)
        (undo,) = await answers(connects, bind)
        with undo as same:
            assert same is client
            await client.send(b"x", zmq.DONTWAIT)
            assert await server.recv() == b"x"
        with zmq.refused(errno.ENOENT):
            client.disconnect(endpoint)

    aio.run(main)


def test_connect_is_refused(aio: Sockets) -> None:
    async def main() -> None:
        zmq = aio.zmq
        client = aio.socket(zmq.PUSH)
        endpoint = zmq.bind(aio.socket(zmq.PAIR), "tcp")
        with pytest.raises(zmq.HandshakeError):
            await client.connect(endpoint, timeout=-1)
        with zmq.refused(errno.EINVAL):
            await client.connect("nonsense", timeout=-1)
        client.connect(endpoint).__exit__()  # which does not wait

    aio.run(main)


@contextmanager
def ends(aio: Sockets, how: str) -> Iterator[None]:
    with pytest.raises(aio.zmq.ZMQError) as caught:
        yield
    expected = aio.zmq.ENOTSOCK if how == "close" else aio.zmq.ETERM
    assert caught.value.errno == expected


def that_wait(pub: Any, sub: Any, req: Any, push: Any, nobody: str) -> Calls:
    return [
        pub.wait_for_subscribers,
        sub.wait_subscribed,
        partial(req.request, b"x"),
        push.flush,
        partial(sub.connect, nobody, timeout=-1),
    ]


@pytest.mark.parametrize("how", ["close", "term"])
def test_the_end_of_a_socket(aio: Sockets, how: str) -> None:
    async def main() -> None:
        zmq = aio.zmq
        context = aio.module.Context(backend=zmq.tag)
        nobody = zmq.reserved("tcp")
        pub, sub, req, push = socks = [
            context.socket(kind, linger=0)
            for kind in (zmq.PUB, zmq.SUB, zmq.REQ, zmq.PUSH)
        ]
        push.connect(nobody)
        await push.send(b"x")
        calls = that_wait(pub, sub, req, push, nobody)
        ended: list[None] = []

        async def fail(call: Callable[[], Awaitable[Any]]) -> None:
            with ends(aio, how):
                await call()
            ended.append(None)

        async with anyio.create_task_group() as group:
            for call in calls:
                group.start_soon(fail, call)
            await anyio.wait_all_tasks_blocked()
            if how == "term":
                group.start_soon(anyio.to_thread.run_sync, context.term)
                while len(ended) < len(calls):
                    await anyio.sleep(0.001)
            for sock in socks:
                sock.close()
        for call in calls:
            with ends(aio, "close"):
                await call()
        context.term()

    aio.run(main)
