"""The calls that wait for more than a message are coroutines, on every Python.  What
they do is tested beside anyio's."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any, Awaitable

import pytest
from eventloops import Sockets, turns

pytestmark = [pytest.mark.core, pytest.mark.only("pymq")]


async def begun(call: Awaitable[Any]) -> asyncio.Task[Any]:
    """A task that waits."""
    task = asyncio.ensure_future(call)
    await turns(3)
    assert not task.done()
    return task


def test_subscriptions_are_awaited(aio: Sockets) -> None:
    async def main() -> None:
        pub, sub = aio.pair("tcp", "PUB", "SUB")
        wait = pub.wait_for_subscribers(1, b"new")
        assert inspect.iscoroutine(wait)
        waiting = await begun(wait)
        sub.subscribe(b"")
        assert await sub.wait_subscribed() and await waiting
        assert not await pub.wait_for_subscribers(2, timeout=1)

    aio.run(main)


def test_requests_are_awaited(aio: Sockets) -> None:
    async def main() -> None:
        router, req = aio.pair("inproc", "ROUTER", "REQ")
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(req.request(b"1"), 0.01)
        tasks = [await begun(req.request(b"%d" % number)) for number in (2, 3)]
        for _ in range(3):  # the first of them comes too late
            await router.send_multipart(await router.recv_multipart())
        assert await asyncio.gather(*tasks) == [b"2", b"3"]
        with pytest.raises(aio.zmq.Again):
            await req.request(b"4", timeout=1, retries=1)

    aio.run(main)


def test_the_end_of_what_was_sent_is_awaited(aio: Sockets) -> None:
    async def main() -> None:
        push, pull = aio.socket(aio.zmq.PUSH), aio.socket(aio.zmq.PULL)
        endpoint = aio.zmq.reserved("tcp")
        push.connect(endpoint)
        await push.send(b"1")
        assert not await push.flush(1)
        flushing = await begun(push.flush())
        pull.bind(endpoint)
        assert await flushing
        pull.close()
        assert await push.drain() == (0, 0)

    aio.run(main)


def test_a_connection_is_awaited(aio: Sockets) -> None:
    async def main() -> None:
        push, pull = aio.socket(aio.zmq.PUSH), aio.socket(aio.zmq.PULL)
        endpoint = aio.zmq.reserved("tcp")
        with pytest.raises(aio.zmq.Again):
            await push.connect(endpoint, timeout=1)
        connecting = await begun(push.connect(endpoint, timeout=-1))
        pull.bind(endpoint)
        with await connecting as same:
            assert same is push
            assert push.send(b"1").done()
            assert await pull.recv() == b"1"

    aio.run(main)


def test_who_is_connected_to_may_judge_in_the_same_loop(aio: Sockets) -> None:
    async def main() -> None:
        push, pull = aio.socket(aio.zmq.PUSH), aio.socket(aio.zmq.PULL)

        async def judge(peer: Any) -> bool:
            await turns(3)
            return True

        pull.bind("tcp://127.0.0.1:*", auth=judge)
        await push.connect(aio.zmq.last_endpoint(pull), timeout=-1)
        assert push.send(b"1").done()
        assert await pull.recv() == b"1"

    aio.run(main)
