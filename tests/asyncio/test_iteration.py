"""``async for frames in socket``, which pyzmq does not have."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from eventloops import Sockets, turns, waits

pytestmark = [pytest.mark.core, pytest.mark.only("pymq")]


def test_messages_of_a_socket_can_be_iterated_over(aio: Sockets) -> None:
    async def main() -> None:
        one, other = aio.pair("tcp")
        found = []

        async def send() -> None:
            for number in range(200):
                await one.send_multipart([b"%d" % number, b"x"])

        task = asyncio.ensure_future(send())
        async for number, _ in other:
            found.append(int(number))
            if len(found) == 200:
                break
        await task
        assert found == list(range(200))

    aio.run(main)


@pytest.mark.parametrize("how", ["close", "term"])
def test_the_end_of_a_socket_is_that_of_its_messages(aio: Sockets, how: str) -> None:
    async def main() -> None:
        context = aio.Context(backend=aio.zmq.tag)
        sock = context.socket(aio.zmq.PULL)
        loop = asyncio.get_running_loop()

        async def iterate() -> list[Any]:
            return [frames async for frames in sock]

        task = asyncio.ensure_future(iterate())
        await waits(task)
        if how == "close":
            sock.close()
        ended = loop.run_in_executor(None, context.term)
        assert await task == []
        assert [frames async for frames in sock] == []
        sock.close()
        await ended

    aio.run(main)


def test_iterating_lets_other_tasks_run(aio: Sockets) -> None:
    async def main() -> None:
        one, other = aio.pair("inproc")
        await one.send_many([b""] * 500)
        turned = asyncio.ensure_future(turns(3))
        count = 0
        async for _ in other:
            count += 1
            if turned.done():
                break
        assert count < 400

    aio.run(main)
