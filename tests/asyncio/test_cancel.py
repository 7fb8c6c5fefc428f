"""Whoever is cancelled, or runs out of time, has received nothing, and sent nothing."""

from __future__ import annotations

import asyncio
import random
import sys
from typing import Any, Awaitable, Callable

import pytest
from eventloops import Sockets, turns, waits

#: Every way to receive, as a list of the numbers that were received.
Receive = Callable[[Any], Awaitable[Any]]
Call = Callable[[], Awaitable[Any]]
RECEIVERS: dict[str, Receive] = {
    "recv": lambda sock: sock.recv(),
    "recv_multipart": lambda sock: sock.recv_multipart(),
    "recv_string": lambda sock: sock.recv_string(),
    "recv_json": lambda sock: sock.recv_json(),
    "recv_serialized": lambda sock: sock.recv_serialized(list),
    "recv_frame": lambda sock: sock.recv(copy=False),
    "recv_frames": lambda sock: sock.recv_multipart(copy=False),
}
OWN: dict[str, Receive] = {
    "recv_many": lambda sock: sock.recv_many(),
    "iteration": lambda sock: sock.__aiter__().__anext__(),
}
LOSES = "a message that came when its receiver was cancelled is gone"
TURNS = 8  # more than it takes from an arrival to the receiver


def numbers(found: Any) -> list[int]:
    """What was received, whatever it is now."""
    if isinstance(found, list):
        return [number for part in found for number in numbers(part)]
    return [int(found if isinstance(found, (str, int)) else bytes(found))]


async def timed(call: Call, seconds: float) -> Any:
    """As ``asyncio.timeout``, which is new in Python 3.11."""
    async with asyncio.timeout(seconds):  # type: ignore[attr-defined,unused-ignore]
        return await call()


async def as_coroutine(call: Call) -> Any:
    return await call()


async def cancelling(call: Call, seconds: float) -> Any:
    """A task that is cancelled after that time."""
    task = asyncio.ensure_future(as_coroutine(call))
    asyncio.get_running_loop().call_later(seconds, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        raise asyncio.TimeoutError from None


#: Ways to wait for so long at most.
LIMITS: list[Callable[[Call, float], Awaitable[Any]]] = [
    lambda call, seconds: asyncio.wait_for(call(), seconds),
    lambda call, seconds: asyncio.wait_for(as_coroutine(call), seconds),
    cancelling,
]
if sys.version_info >= (3, 11):
    LIMITS.append(timed)


async def receive_once(receive: Receive, sock: Any) -> Any:
    return await receive(sock)


async def everything(sock: Any) -> list[int]:
    """What is left in a socket that nobody sends to any more."""
    found: list[int] = []
    while await sock.poll(0 if found else 20):
        found += numbers(await sock.recv_multipart())
    return found


async def cancelled_at_each_turn(aio: Sockets, receive: Receive) -> None:
    """A message comes, and so many turns of the loop later its receiver is told that
    it is not wanted any more."""
    one, other = aio.pair("inproc")
    found = []
    for number in range(TURNS):
        task = asyncio.ensure_future(receive_once(receive, other))
        await waits(task)
        await one.send(b"%d" % number)
        await turns(number)
        task.cancel()
        try:
            found += numbers(await task)
        except asyncio.CancelledError:
            found += await everything(other)
    assert found == list(range(TURNS))


def _at_each_turn(aio: Sockets, receive: Receive) -> None:
    aio.run(lambda: cancelled_at_each_turn(aio, receive))


@pytest.mark.core
@pytest.mark.parametrize("how", RECEIVERS)
@pytest.mark.fails_on("pyzmq", reason=LOSES)
def test_cancelled_at_each_turn(aio: Sockets, how: str) -> None:
    _at_each_turn(aio, RECEIVERS[how])


@pytest.mark.core
@pytest.mark.parametrize("how", OWN)
@pytest.mark.only("pymq")
def test_our_own_calls_cancelled_at_each_turn(aio: Sockets, how: str) -> None:
    _at_each_turn(aio, OWN[how])


@pytest.mark.only("pyzmq")
def test_pyzmq_loses_messages(aio: Sockets) -> None:
    """Or the tests above would show nothing."""
    with pytest.raises(AssertionError):
        _at_each_turn(aio, RECEIVERS["recv"])


async def paced(aio: Sockets, receive: Receive, seed: int) -> None:
    """Messages come about when receivers run out of time."""
    chance = random.Random(seed)
    one, other = aio.pair("tcp")
    count = 60
    found: list[int] = []

    async def send() -> None:
        for number in range(count):
            await one.send(b"%d" % number)
            await asyncio.sleep(chance.uniform(0, 0.002))

    sender = asyncio.ensure_future(send())
    while len(found) < count:
        limit = chance.choice(LIMITS)
        try:
            got = await limit(lambda: receive(other), chance.uniform(0, 0.002))
        except asyncio.TimeoutError:
            if sender.done() and not await other.poll(1000):
                break
        else:
            found += numbers(got)
    await sender
    assert found == list(range(count))


@pytest.mark.parametrize("how", [*RECEIVERS, *OWN])
@pytest.mark.only("pymq")
def test_cancelled_at_random(aio: Sockets, how: str) -> None:
    receive = {**RECEIVERS, **OWN}[how]
    seed = random.randrange(1 << 30)
    print(f"{seed=}")
    aio.run(lambda: paced(aio, receive, seed))


@pytest.mark.core
@pytest.mark.only("pymq")
def test_many_tasks_of_which_some_are_cancelled(aio: Sockets) -> None:
    """Who is cancelled lets the next one have its turn."""

    async def main() -> None:
        chance = random.Random(5)
        one, other = aio.pair("inproc")
        got: list[int] = []

        async def receive() -> None:
            got.extend(numbers(await other.recv()))

        for number in range(100):
            tasks = [asyncio.ensure_future(receive()) for _ in range(4)]
            await turns(2)
            await one.send(b"%d" % number)
            await turns(chance.randrange(6))
            for task in chance.sample(tasks, 2):
                task.cancel()
            await turns(6)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        got += await everything(other)
        assert got == list(range(100))

    aio.run(main)


def test_a_future_that_is_held_keeps_what_it_has(aio: Sockets) -> None:
    """Whoever waits for it otherwise than by awaiting it."""

    async def main() -> None:
        one, other = aio.pair("inproc")
        future = other.recv()
        await waits(future)
        assert await asyncio.wait({future}, timeout=0.001) == (set(), {future})
        await one.send(b"1")
        await asyncio.wait({future})
        assert not future.cancel()
        assert future.result() == b"1"

    aio.run(main)


@pytest.mark.only("pymq")
def test_a_send_that_was_cancelled_has_sent_nothing(aio: Sockets) -> None:
    async def main() -> None:
        zmq = aio.zmq
        push, pull = aio.socket(zmq.PUSH, sndhwm=1), aio.socket(zmq.PULL, rcvhwm=1)
        pull.connect(zmq.bind(push, "inproc"))
        sent: list[int] = []
        got: list[int] = []

        async def send(number: int) -> None:
            await push.send(b"%d" % number)
            sent.append(number)

        for number in range(4 * TURNS):
            task = asyncio.ensure_future(send(number))
            await turns(2)
            if not task.done():
                got += numbers(await pull.recv())
                await turns(number % TURNS)
                task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        got += await everything(pull)
        assert got == sent
        assert len(sent) < 4 * TURNS

    aio.run(main)


@pytest.mark.core
@pytest.mark.only("pymq")
def test_requests_survive(aio: Sockets) -> None:
    """The reply that nobody waited for any more is the next one's."""

    async def main() -> None:
        client, server = aio.pair("inproc", "REQ", "REP")
        for number in range(TURNS):
            await client.send(b"%d" % number)
            task = asyncio.ensure_future(receive_once(RECEIVERS["recv"], client))
            await waits(task)
            await server.send(await server.recv())
            await turns(number)
            task.cancel()
            try:
                got = await task
            except asyncio.CancelledError:
                got = await client.recv()
            assert got == b"%d" % number

    aio.run(main)
