"""Sockets for anyio, on each of its backends."""

from __future__ import annotations

import os
from functools import partial
from typing import Any, Awaitable, Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from library import Library

anyio = pytest.importorskip("anyio", reason="anyio is not installed")

from anyioloops import BACKENDS, Sockets, turns  # noqa: E402 - needs anyio

pytestmark = pytest.mark.only("pymq")

RECEIVERS: dict[str, Callable[[Any], Awaitable[Any]]] = {
    "recv": lambda sock: sock.recv(),
    "recv_multipart": lambda sock: sock.recv_multipart(),
    "recv_string": lambda sock: sock.recv_string(),
    "recv_json": lambda sock: sock.recv_json(),
    "recv_serialized": lambda sock: sock.recv_serialized(list),
    "recv_frame": lambda sock: sock.recv(copy=False),
    "recv_many": lambda sock: sock.recv_many(2),
    "iteration": lambda sock: sock.__aiter__().__anext__(),
}


@pytest.fixture(params=BACKENDS)
def aio(zmq: Library, request: pytest.FixtureRequest) -> Sockets:
    """The sockets under test."""
    if request.param != "asyncio":
        reason = f"{request.param} is not installed"
        pytest.importorskip(request.param, reason=reason)
    return Sockets(zmq, request.param)


def numbers(found: Any) -> list[int]:
    """What was received, whatever it is now."""
    if isinstance(found, list):
        return [number for part in found for number in numbers(part)]
    return [int(found if isinstance(found, (str, int)) else bytes(found))]


@pytest.mark.parametrize("how", RECEIVERS)
def test_receiving_what_is_there_and_what_is_not(aio: Sockets, how: str) -> None:
    async def main() -> None:
        one, other = aio.pair("tcp")
        got: list[int] = []

        async def receive() -> None:
            got.extend(numbers(await RECEIVERS[how](other)))

        for number in range(3):
            async with anyio.create_task_group() as group:
                group.start_soon(receive)
                await turns(number)
                await one.send(b"%d" % number)
        assert got == [0, 1, 2]

    aio.run(main)


def test_tasks_are_served_in_turn(aio: Sockets) -> None:
    async def main() -> None:
        one, other = aio.pair("tcp")
        got: list[tuple[int, int]] = []

        async def receive(place: int) -> None:
            got.append((place, int(await other.recv())))

        async with anyio.create_task_group() as group:
            for place in range(5):
                group.start_soon(receive, place)
                await turns(2)
            for number in range(5):
                await one.send(b"%d" % number)
        assert sorted(got) == [(number, number) for number in range(5)]

    aio.run(main)


def test_a_send_waits_for_room(aio: Sockets) -> None:
    async def main() -> None:
        zmq = aio.zmq
        push, pull = aio.socket(zmq.PUSH, sndhwm=1), aio.socket(zmq.PULL, rcvhwm=1)
        pull.connect(zmq.bind(push, "inproc"))
        messages = [b"%d" % number for number in range(10)]

        async def send() -> None:
            for message in messages[:5]:
                await push.send(message)
            assert await push.send_many(messages[5:]) == 5

        async with anyio.create_task_group() as group:
            group.start_soon(send)
            assert [await pull.recv() for _ in messages] == messages

    aio.run(main)


def test_timeouts(aio: Sockets) -> None:
    async def main() -> None:
        zmq = aio.zmq
        pull, push = aio.socket(zmq.PULL), aio.socket(zmq.PUSH)
        pull.rcvtimeo = push.sndtimeo = 5
        for call in (
            pull.recv,
            pull.recv_multipart,
            pull.recv_string,
            pull.recv_many,
            partial(pull.recv, zmq.DONTWAIT),
            partial(push.send, b""),
            partial(push.send_many, [b""]),
            partial(push.send, b"", zmq.DONTWAIT),
        ):
            with pytest.raises(zmq.Again):
                await call()
        assert await pull.poll(5) == 0
        assert await pull.poll(0) == 0

    aio.run(main)


def test_polling(aio: Sockets) -> None:
    async def main() -> None:
        zmq = aio.zmq
        one, other = aio.pair("tcp")
        reader, writer = os.pipe()
        poller = aio.module.Poller()
        poller.register(other, zmq.POLLIN)
        poller.register(reader, zmq.POLLIN)
        try:
            assert await poller.poll(5) == []
            assert await poller.poll(0) == []
            async with anyio.create_task_group() as group:
                group.start_soon(one.send, b"1")
                assert await poller.poll() == [(other, zmq.POLLIN)]
                assert await other.poll() == zmq.POLLIN
            assert await other.recv() == b"1"
            async with anyio.create_task_group() as group:
                group.start_soon(one.send, b"2")
                assert await other.poll() == zmq.POLLIN
            poller.unregister(other)
            os.write(writer, b"1")
            assert await poller.poll() == [(reader, zmq.POLLIN)]
        finally:
            os.close(reader)
            os.close(writer)

    aio.run(main)


@pytest.mark.parametrize("how", ["close", "term"])
def test_the_end_of_a_socket(aio: Sockets, how: str) -> None:
    """Who waits gets an error, and iterations end."""

    async def main() -> None:
        zmq = aio.zmq
        context = aio.module.Context(backend=zmq.tag)
        sock = context.socket(zmq.PULL)
        ended: list[Any] = []

        async def fail(call: Callable[[], Awaitable[Any]]) -> None:
            with pytest.raises(zmq.ZMQError) as caught:
                await call()
            ended.append(caught.value.errno)

        async def iterate() -> None:
            ended.extend([frames async for frames in sock])

        async with anyio.create_task_group() as group:
            group.start_soon(fail, sock.recv)
            group.start_soon(fail, sock.poll)
            group.start_soon(iterate)
            await anyio.wait_all_tasks_blocked()
            if how == "close":
                sock.close()
            group.start_soon(anyio.to_thread.run_sync, context.term)
            while len(ended) < 2:
                await anyio.sleep(0.001)
            sock.close()
        assert ended == [zmq.ENOTSOCK if how == "close" else zmq.ETERM] * 2

    aio.run(main)


def test_who_never_waits_can_be_cancelled(aio: Sockets) -> None:
    async def main() -> None:
        one, other = aio.pair("inproc")
        busy = True
        with anyio.move_on_after(0.01):
            while busy:
                await one.send(b"")
                await other.recv()
        busy = False

    aio.run(main)


@pytest.mark.parametrize("how", RECEIVERS)
def test_nothing_is_lost_at_any_turn(aio: Sockets, how: str) -> None:
    """A message comes, and so many turns later its receiver is cancelled."""

    async def main() -> None:
        one, other = aio.pair("inproc")
        got: list[int] = []

        async def receive(scope: Any) -> None:
            with scope:
                got.extend(numbers(await RECEIVERS[how](other)))

        for number in range(8):
            async with anyio.create_task_group() as group:
                scope = anyio.CancelScope()
                group.start_soon(receive, scope)
                await turns(3)
                await one.send(b"%d" % number)
                await turns(number)
                scope.cancel()
            if await other.poll(0):
                got += numbers(await other.recv())
        assert got == list(range(8))

    aio.run(main)


#: What happens: a message is sent, a receiver comes, one is cancelled, time passes.
STEPS = st.lists(
    st.one_of(
        st.just("send"),
        st.sampled_from(list(RECEIVERS)),
        st.integers(0, 3),  # turns of the loop
        st.sampled_from(["cancel first", "cancel last"]),
    ),
    max_size=20,
)


async def happens(aio: Sockets, steps: list[Any]) -> None:
    zmq, sent = aio.zmq, 0
    # Not for the fixture to keep: there are hundreds in one test.
    one, other = (aio.context.socket(zmq.PAIR) for _ in range(2))
    with one, other:
        other.connect(zmq.bind(one, "inproc"))
        got: list[int] = []
        scopes: list[Any] = []

        async def receive(how: str, scope: Any) -> None:
            with scope:
                got.extend(numbers(await RECEIVERS[how](other)))
            scopes.remove(scope)

        async with anyio.create_task_group() as group:
            for step in steps:
                if step == "send":
                    await one.send(b"%d" % sent)
                    sent += 1
                elif step in RECEIVERS:
                    scopes.append(anyio.CancelScope())
                    group.start_soon(receive, step, scopes[-1])
                elif isinstance(step, int):
                    await turns(step)
                elif scopes:
                    scopes[0 if step == "cancel first" else -1].cancel()
            group.cancel_scope.cancel()
        while await other.poll(0):
            got += numbers(await other.recv())
        assert sorted(got) == list(range(sent))


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(programs=st.lists(STEPS, min_size=1, max_size=5))
def test_nothing_is_lost_whoever_is_cancelled(
    aio: Sockets, programs: list[list[Any]]
) -> None:
    async def main() -> None:
        for steps in programs:
            await happens(aio, steps)

    aio.run(main)
