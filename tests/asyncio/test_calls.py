"""What the calls of asyncio sockets return, and when."""

from __future__ import annotations

import asyncio
import os
from functools import partial
from typing import Any

import pytest
from eventloops import Sockets, turns, waits

pytestmark = pytest.mark.core

#: How each call receives, and what it makes of the frames of a message.
RECEIVERS = {
    "recv": lambda sock: sock.recv(),
    "recv_multipart": lambda sock: sock.recv_multipart(),
    "recv_string": lambda sock: sock.recv_string(),
    "recv_json": lambda sock: sock.recv_json(),
    "recv_pyobj": lambda sock: sock.recv_pyobj(),
    "recv_serialized": lambda sock: sock.recv_serialized(b"".join),
    "recv_frame": lambda sock: sock.recv(copy=False),
    "recv_frames": lambda sock: sock.recv_multipart(copy=False),
}
EXPECTED = {
    "recv_multipart": [b"7"],
    "recv_string": "7",
    "recv_json": 7,
    "recv_pyobj": 7,
}


def _send(sock: Any, how: str) -> Any:
    return sock.send_pyobj(7) if how == "recv_pyobj" else sock.send(b"7")


def _plain(found: Any) -> Any:
    if isinstance(found, list):
        return [bytes(part) for part in found]
    return found if isinstance(found, (str, int)) else bytes(found)


def _expected(how: str) -> Any:
    return EXPECTED.get(how, [b"7"] if how == "recv_frames" else b"7")


@pytest.mark.parametrize("how", RECEIVERS)
def test_what_is_there_is_received_at_once(aio: Sockets, how: str) -> None:
    async def main() -> Any:
        one, other = aio.pair("inproc")
        await _send(one, how)
        return _plain(await RECEIVERS[how](other))

    assert aio.run(main) == _expected(how)


@pytest.mark.filterwarnings("ignore:recv_pyobj runs")
@pytest.mark.parametrize("how", RECEIVERS)
def test_what_is_not_there_is_waited_for(aio: Sockets, how: str) -> None:
    async def main() -> Any:
        one, other = aio.pair("tcp")
        future = RECEIVERS[how](other)
        await waits(future)
        await _send(one, how)
        return _plain(await future)

    assert aio.run(main) == _expected(how)


def test_a_call_that_need_not_wait_is_done(aio: Sockets) -> None:
    async def main() -> None:
        one, other = aio.pair("inproc")
        sent = one.send(b"1")
        assert isinstance(sent, asyncio.Future)
        assert sent.done() and sent.result() is None and not sent.cancel()
        assert one.send_multipart([b"2", b"3"]).done()
        received = other.recv()
        assert isinstance(received, asyncio.Future)
        assert received.done() and received.result() == b"1"
        assert other.recv_multipart().result() == [b"2", b"3"]

    aio.run(main)


@pytest.mark.fails_on("pyzmq", reason="a turn for recv_string, recv_json and others")
@pytest.mark.parametrize("how", RECEIVERS)
def test_every_call_that_need_not_wait_is_done(aio: Sockets, how: str) -> None:
    """pyzmq's take a turn of the loop where something is made of the bytes."""

    async def main() -> Any:
        one, other = aio.pair("inproc")
        await _send(one, how)
        return _plain(RECEIVERS[how](other).result())

    assert aio.run(main) == _expected(how)


def test_callers_are_served_in_turn(aio: Sockets) -> None:
    async def main() -> None:
        one, other = aio.pair("tcp")
        futures = [other.recv() for _ in range(5)]
        await waits(*futures)
        for number in range(5):
            await one.send(b"%d" % number)
        found = [await future for future in reversed(futures)]
        assert found == [b"4", b"3", b"2", b"1", b"0"]

    aio.run(main)


def test_tasks_are_served_in_turn(aio: Sockets) -> None:
    async def main() -> None:
        one, other = aio.pair("tcp")

        async def receive() -> Any:
            return await other.recv()

        tasks = [asyncio.ensure_future(receive()) for _ in range(5)]
        await waits(*tasks)
        for number in range(5):
            await one.send(b"%d" % number)
        assert await asyncio.gather(*tasks) == [b"0", b"1", b"2", b"3", b"4"]

    aio.run(main)


def test_tasks_that_always_find_something_let_others_run(aio: Sockets) -> None:
    async def main() -> None:
        one, other = aio.pair("inproc")
        ended = asyncio.get_running_loop().create_future()

        async def receive() -> None:
            while not ended.done():
                one.send(await other.recv())

        tasks = [asyncio.ensure_future(receive()) for _ in range(2)]
        await waits(*tasks)
        await other.send_multipart([b"", b""])
        for _ in range(2):
            one.send(b"")
        asyncio.get_running_loop().call_soon(ended.set_result, None)
        await ended
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    aio.run(main)


def test_who_comes_later_overtakes_nobody(aio: Sockets) -> None:
    async def main() -> None:
        one, other = aio.pair("inproc")
        first = other.recv()
        await waits(first)
        await one.send_multipart([b"1", b"2"])
        assert (await first, await other.recv()) == (b"1", b"2")

    aio.run(main)


def test_a_future_may_be_used_in_any_way(aio: Sockets) -> None:
    async def main() -> None:
        one, other = aio.pair("tcp")
        told: list[Any] = []
        future = other.recv()
        future.add_done_callback(told.append)
        grouped = asyncio.gather(other.recv(), other.recv())
        waited, ensured = other.recv(), asyncio.ensure_future(other.recv())
        for number in range(5):
            await one.send(b"%d" % number)
        done, pending = await asyncio.wait({waited})
        assert (done, pending) == ({waited}, set())
        assert list(await grouped) == [b"1", b"2"]
        assert (waited.result(), await ensured) == (b"3", b"4")
        assert told == [future] and future.result() == b"0"

    aio.run(main)


def test_several_tasks_await_one_future(aio: Sockets) -> None:
    async def main() -> None:
        one, other = aio.pair("tcp")
        future = other.recv()

        async def share() -> Any:
            return await future

        tasks = [asyncio.ensure_future(share()) for _ in range(3)]
        await waits(*tasks)
        await one.send_multipart([b"1", b"2"])
        assert await asyncio.gather(*tasks) == [b"1", b"1", b"1"]
        assert await other.recv() == b"2"

    aio.run(main)


def test_dontwait_does_not(aio: Sockets) -> None:
    async def main() -> None:
        zmq = aio.zmq
        one, other = aio.pair("tcp")
        for call in (other.recv, other.recv_multipart):
            future = call(zmq.DONTWAIT)
            assert future.done()
            with pytest.raises(zmq.Again):
                await future
        with pytest.raises(zmq.Again):
            await other.recv_string(zmq.DONTWAIT)
        push = aio.socket(zmq.PUSH)
        with pytest.raises(zmq.Again):
            await push.send(b"", zmq.DONTWAIT)

    aio.run(main)


def test_rcvtimeo_and_sndtimeo(aio: Sockets) -> None:
    async def main() -> None:
        zmq = aio.zmq
        pull, push = aio.socket(zmq.PULL), aio.socket(zmq.PUSH)
        pull.rcvtimeo = push.sndtimeo = 20
        calls = [pull.recv(), pull.recv_json(), pull.recv_multipart()]
        calls += [push.send(b""), push.send_multipart([b"", b""])]
        found = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(error) for error in found] == [zmq.Again] * 5
        # Nothing of it is left.
        push.sndtimeo = pull.rcvtimeo = -1
        push.connect(zmq.bind(pull, "tcp"))
        await push.send(b"1")
        assert await pull.recv() == b"1"

    aio.run(main)


def test_a_send_waits_for_room(aio: Sockets) -> None:
    async def main() -> None:
        push = aio.socket(aio.zmq.PUSH, sndhwm=1)
        pull = aio.socket(aio.zmq.PULL, rcvhwm=1)
        futures = [push.send(b"%d" % number) for number in range(3)]
        await waits(*futures)
        pull.connect(aio.zmq.bind(push, "inproc"))
        found = [await pull.recv() for _ in range(3)]
        await asyncio.gather(*futures)
        assert found == [b"0", b"1", b"2"]

    aio.run(main)


def test_errors_are_the_futures(aio: Sockets) -> None:
    async def main() -> None:
        zmq = aio.zmq
        one, other = aio.pair("inproc")
        for send, what in ((one.send, "text"), (one.send_multipart, ["text"])):
            with pytest.raises(TypeError):
                await send(what)
        with pytest.raises(zmq.ZMQError):
            await aio.socket(zmq.PULL).send(b"")
        await one.send(b"no json")
        with pytest.raises(ValueError):
            await other.recv_json()
        assert not await other.poll(0)  # the message is gone, as with other sockets

    aio.run(main)


@pytest.mark.only("pymq")
def test_receiving_from_who_cannot_is_an_error(aio: Sockets) -> None:
    """pyzmq waits for ever."""

    async def main() -> None:
        for kind in ("PUSH", "PUB", "REQ"):
            with pytest.raises(aio.zmq.ZMQError):
                await aio.socket(getattr(aio.zmq, kind)).recv()

    aio.run(main)


def test_poll(aio: Sockets) -> None:
    async def main() -> None:
        zmq = aio.zmq
        one, other = aio.pair("tcp")
        assert await other.poll(0) == 0
        assert await other.poll(5) == 0
        both = zmq.POLLIN | zmq.POLLOUT
        future = other.poll()
        await waits(future)
        await one.send(b"1")
        assert await future == zmq.POLLIN
        assert await other.poll(flags=both) == both
        assert await other.recv() == b"1"

    aio.run(main)


def test_a_poll_hears_of_a_request_that_came_before_its_turn(aio: Sockets) -> None:
    async def main() -> None:
        zmq = aio.zmq
        rep, one = aio.pair("tcp", "REP", "REQ")
        other = aio.socket(zmq.REQ)
        other.connect(rep.getsockopt_string(zmq.LAST_ENDPOINT).rstrip("\0"))
        await one.send(b"1")
        assert await rep.recv() == b"1"
        future = rep.poll()
        await other.send(b"2")
        await waits(future)
        await rep.send(b"re 1")
        assert await future == zmq.POLLIN
        assert await rep.recv() == b"2"

    aio.run(main)


@pytest.mark.only("pymq")
def test_a_poll_hears_that_it_is_its_turn_to_send(aio: Sockets) -> None:
    """Of pyzmq's only if who receives had to wait."""

    async def main() -> None:
        zmq = aio.zmq
        rep, req = aio.pair("tcp", "REP", "REQ")
        for sock, far in ((rep, req), (req, rep)):
            await far.send(b"x")
            assert await sock.poll()
            poller = aio.Poller()
            poller.register(sock, zmq.POLLOUT)
            futures = sock.poll(flags=zmq.POLLOUT), poller.poll()
            await waits(*futures)
            assert await sock.recv() == b"x"
            assert await futures[0] == zmq.POLLOUT
            assert await futures[1] == [(sock, zmq.POLLOUT)]

    aio.run(main)


def test_a_poll_that_is_cancelled_leaves_nothing(aio: Sockets) -> None:
    async def main() -> None:
        one, other = aio.pair("inproc")
        for _ in range(3):
            future = other.poll()
            await turns(1)
            assert future.cancel()
        await turns(3)
        assert len(other._recv_futures) == 0
        await one.send(b"1")
        assert await other.recv() == b"1"

    aio.run(main)


def test_poller(aio: Sockets) -> None:
    async def main() -> None:
        zmq = aio.zmq
        one, other = aio.pair("tcp")
        sync = zmq.socket(zmq.PULL)
        push = zmq.socket(zmq.PUSH)
        push.connect(zmq.bind(sync, "tcp"))
        reader, writer = os.pipe()
        poller = aio.Poller()
        for each in (other, sync, reader):
            poller.register(each, zmq.POLLIN)
        try:
            assert await poller.poll(5) == []
            for make, who in (
                (lambda: one.send(b"1"), other),
                (lambda: push.send(b"1"), sync),
                (lambda: os.write(writer, b"1"), reader),
            ):
                future = poller.poll()
                await waits(future)
                make()
                assert await future == [(who, zmq.POLLIN)]
                poller.unregister(who)
        finally:
            os.close(reader)
            os.close(writer)

    aio.run(main)


def _finish(future: asyncio.Future[bool]) -> None:
    if not future.done():
        future.set_result(True)


@pytest.mark.only("pymq")
def test_a_poller_leaves_a_descriptors_own_reader_alone(aio: Sockets) -> None:
    """pyzmq's takes its place."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        reader, writer = os.pipe()
        read = loop.create_future()
        loop.add_reader(reader, partial(_finish, read))
        poller = aio.Poller()
        poller.register(reader, aio.zmq.POLLIN)
        future = poller.poll()
        await waits(future)
        os.write(writer, b"1")
        assert await future == [(reader, aio.zmq.POLLIN)]
        assert await read
        loop.remove_reader(reader)
        os.close(reader)
        os.close(writer)

    aio.run(main)


def test_recv_into(aio: Sockets) -> None:
    async def main() -> None:
        one, other = aio.pair("tcp")
        if not hasattr(other, "recv_into"):
            pytest.skip("this pyzmq has no recv_into")
        room = bytearray(3)
        future = other.recv_into(room)
        await waits(future)
        await one.send(b"1234")
        assert await future == 4
        assert room == b"123"

    aio.run(main)


@pytest.mark.only("pymq")
def test_many_at_once(aio: Sockets) -> None:
    async def main() -> None:
        one, other = aio.pair("tcp")
        messages: list[Any] = [b"1", [b"2", b"3"], b"4"]
        found: list[Any] = []
        future = other.recv_many()
        await waits(future)
        assert await one.send_many(messages) == 3
        while len(found) < 3:
            found += await (future if not found else other.recv_many())
        assert found == messages
        with pytest.raises(aio.zmq.Again):
            await other.recv_many(timeout=5)
        with pytest.raises(aio.zmq.Again):
            await other.recv_many(timeout=0)

    aio.run(main)


@pytest.mark.only("pymq")
def test_send_many_waits_for_room(aio: Sockets) -> None:
    async def main() -> None:
        zmq = aio.zmq
        push, pull = aio.socket(zmq.PUSH, sndhwm=2), aio.socket(zmq.PULL, rcvhwm=2)
        pull.connect(zmq.bind(push, "inproc"))
        messages = [b"%d" % number for number in range(20)]
        task = asyncio.ensure_future(push.send_many(messages))
        assert [await pull.recv() for _ in range(20)] == messages
        assert await task == 20
        push.sndtimeo = 5
        assert await push.send_many(messages) == 4
        with pytest.raises(zmq.Again):
            await push.send_many(messages)

    aio.run(main)


@pytest.mark.only("pymq")
def test_async_with_closes(aio: Sockets) -> None:
    async def main() -> None:
        async with aio.context.socket(aio.zmq.PULL) as sock:
            assert not sock.closed
        assert sock.closed

    aio.run(main)


@pytest.mark.only("pymq")
def test_pickles_from_anybody_are_warned_of(aio: Sockets) -> None:
    """As of the socket that is none of asyncio's: where the program calls."""

    async def main() -> str:
        one, other = aio.pair("tcp")
        await one.send_pyobj([1])
        with pytest.warns(RuntimeWarning, match="recv_pyobj runs") as caught:
            assert await other.recv_pyobj() == [1]
        return str(caught[0].filename)

    assert aio.run(main) == __file__
